/** The bases that Docent knows by name (`models/catalog.json`), with what proves that a file is the right one. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const catalogSchema = z.object({
  bases: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['reader', 'embedder']),
      licence: z.string(),
      hub: z.object({ repo: z.string(), revision: z.string() }),
      pip: z.object({ package: z.string(), folder: z.string() }),
      files: z.array(z.object({ name: z.string(), bytes: z.number().int(), sha256: z.string().length(64) })).min(1),
    }),
  ),
});

export type CatalogEntry = z.infer<typeof catalogSchema>['bases'][number];
export type CatalogFile = CatalogEntry['files'][number];

/** The package's own folder, the same from the sources and from `dist/`. */
export const packageRoot = (() => {
  const here = dirname(fileURLToPath(import.meta.url));
  const root = resolve(here, '../..');
  return root.endsWith('dist') ? dirname(root) : root;
})();

export const shippedModels = join(packageRoot, 'models');

export function readCatalog(): readonly CatalogEntry[] {
  return catalogSchema.parse(JSON.parse(readFileSync(join(shippedModels, 'catalog.json'), 'utf8'))).bases;
}
