/** Serves the built page. Knows where the build lies, nothing of what it does. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** From `dist/src/console/` the build lies at `dist/console/`, from `src/console/` too. */
const builtPage = (): string => {
  const here = import.meta.url;
  const fromSource = here.endsWith('.ts');
  return fileURLToPath(new URL(fromSource ? '../../dist/console/' : '../../console/', here));
};

export async function servePage(app: FastifyInstance, folder = builtPage()): Promise<void> {
  if (!existsSync(folder)) {
    app.get('/', async (_request, reply) =>
      reply.code(503).type('text/plain').send('The page is not built yet. Run: npm run build\n'),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    // Vite puts a hash of the content into the names of assets; index.html must be looked up anew.
    cacheControl: false,
    setHeaders: (response, path) => {
      response.setHeader(
        'cache-control',
        /[\\/]assets[\\/]/.test(path) ? 'private, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
}
