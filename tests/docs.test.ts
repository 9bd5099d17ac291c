/** Documents that lag behind the code fail here. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedDocs } from '../scripts/generated-docs.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

describe('documents', () => {
  it.each(Object.entries(generatedDocs()))('%s is what `npm run docs` writes', (path, text) => {
    expect(read(path)).toBe(text);
  });

  it('names folders that exist in the tree of the README', () => {
    const tree = read('README.md').match(/```\n(package\.json[\s\S]*?)```/)![1]!;
    const folders = [...tree.matchAll(/^( *)([\w.-]+)\/(?: |$)/gm)];
    expect(folders.length).toBeGreaterThan(10);
    let parent = '';
    for (const [, indent, name] of folders) {
      if (indent === '') parent = name!;
      expect(existsSync(new URL(`../${indent === '' ? name : `${parent}/${name}`}`, import.meta.url)), name).toBe(true);
    }
  });

  it('lets no package run a script when it is installed', () => {
    // onnxruntime-node would fetch CUDA libraries, Prisma an engine that is not used. npm 11 reads allowScripts, npm 10
    // the lock file, into which `npm install` of a new package may write hasInstallScript again: take it out there.
    const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: Record<string, boolean> };
    expect(Object.values(allowScripts)).not.toContain(true);
    expect(Object.keys(allowScripts)).toContain('onnxruntime-node');
    expect(read('package-lock.json')).not.toContain('hasInstallScript');
  });

  it('lists every folder of src in the README', () => {
    const tree = read('README.md');
    for (const folder of [
      'answers',
      'chat',
      'cli',
      'console',
      'documents',
      'eval',
      'inference',
      'jobs',
      'operator',
      'reader',
      'registry',
      'retrieval',
      'serve',
      'store',
    ])
      expect(tree).toContain(`  ${folder}/ `);
  });
});
