import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findFiles } from './files.ts';

const root = mkdtempSync(join(tmpdir(), 'docent-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

for (const path of [
  'guide.md',
  'sub/leave.PDF',
  'src/main.ts',
  'mkdocs.yml',
  '.git/config',
  'photo.raw',
  'node_modules/a/README.md',
]) {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), 'x');
}

describe('files of a folder', () => {
  it('takes documents and leaves the rest out with a reason', async () => {
    const { files, skipped, missing } = await findFiles([root]);
    expect(files.map(({ path }) => path)).toEqual(['guide.md', 'sub/leave.PDF']);
    expect(skipped.map(({ path }) => path)).toEqual(['.git', 'mkdocs.yml', 'node_modules', 'photo.raw', 'src/main.ts']);
    expect(skipped.every(({ reason }) => reason.length > 0)).toBe(true);
    expect(missing).toEqual([]);
  });

  it('takes code that is named, and says what is missing', async () => {
    const named = join(root, 'src/main.ts');
    const { files, missing } = await findFiles([named, join(root, 'none.md')]);
    expect(files).toEqual([{ file: named, path: 'main.ts' }]);
    expect(missing).toEqual([join(root, 'none.md')]);
  });
});
