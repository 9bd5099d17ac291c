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

  it('names tests that exist for every feature of chat, and pictures that are there', () => {
    const chat = read('docs/chat.md');
    const rows = chat.split('\n').filter((line) => / ● \| `/.test(line));
    expect(rows.length).toBeGreaterThan(30);
    for (const row of rows) {
      const shown = row.split(' | ').at(-1)!;
      const files = [...shown.matchAll(/`([^`]+\.ts)`/g)].map(([, file]) => read(file!));
      const titles = [...shown.matchAll(/“([^”]+)”/g)].map(([, title]) => title!);
      for (const title of titles)
        expect(
          files.some((text) => text.includes(title)),
          title,
        ).toBe(true);
    }
    for (const [, picture] of chat.matchAll(/\]\((images\/[^)]+)\)/g))
      expect(existsSync(new URL(`../docs/${picture}`, import.meta.url)), picture).toBe(true);
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
