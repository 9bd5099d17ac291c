/** Bad uploads end in one line that says what to do, and leave the reader of the next file alone. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { writeZip } from '../scripts/fixtures/zip.ts';
import { createExtractor, type ExtractSource } from '../src/documents/extract/index.ts';
import { DocentError } from '../src/errors.ts';

const folder = fileURLToPath(new URL('./fixtures/documents/', import.meta.url));
const megabyte = 1024 * 1024;
const extractor = createExtractor({ timeoutSeconds: 60, maxBytes: 50 * megabyte });
const work = mkdtempSync(join(tmpdir(), 'docent-bad-'));
afterAll(async () => {
  await extractor.stop();
  rmSync(work, { recursive: true, force: true });
});

async function lineOf(source: ExtractSource, from = extractor): Promise<{ code: string; line: string }> {
  const error = await from.extract(source).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DocentError);
  const { code, line } = error as DocentError;
  // One line, with every blank filled in.
  expect(line).not.toMatch(/[\n{}]/);
  expect(line).toContain(source.name);
  return { code, line };
}
const codeOf = async (source: ExtractSource): Promise<string> => (await lineOf(source)).code;
const fixture = (name: string): ExtractSource => ({ filePath: `${folder}${name}`, name });
const bytes = (name: string, content: string | Uint8Array): ExtractSource => ({
  name,
  bytes: Buffer.from(content as string),
});

const contentTypes = { path: '[Content_Types].xml', content: '<Types/>' };
const word = (body: string | Uint8Array, statedSize?: number): { path: string; content: string | Uint8Array } => ({
  path: 'word/document.xml',
  content: body,
  ...(statedSize === undefined ? {} : { statedSize }),
});

describe('refused', () => {
  it.each([
    ['encrypted.pdf', 'FILE_ENCRYPTED'],
    ['protected.docx', 'FILE_ENCRYPTED'],
    ['protected.xlsx', 'FILE_ENCRYPTED'],
    ['scan.pdf', 'FILE_NO_TEXT'],
    ['picture.pdf', 'FILE_WRONG_EXTENSION'],
    ['truncated.docx', 'FILE_DAMAGED'],
    ['login.html', 'FILE_LOGIN_PAGE'],
  ])('%s: %s', async (name, code) => expect(await codeOf(fixture(name))).toBe(code));

  it('a picture under its own name is unsupported, not misnamed', async () => {
    const picture = await readFile(`${folder}picture.pdf`);
    expect(await lineOf({ name: 'photo.png', bytes: picture })).toMatchObject({
      code: 'FILE_UNSUPPORTED',
      line: expect.stringContaining('a PNG picture'),
    });
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n\t\r\n  '],
    ['a byte-order mark', '\ufeff\n'],
    ['marks without words', '---\n\n***\n'],
  ])('%s is empty', async (_, content) => expect(await codeOf(bytes('notes.md', content))).toBe('FILE_EMPTY'));

  it('a login page under a document’s name', async () => {
    const page = await readFile(`${folder}login.html`);
    expect(await codeOf({ name: 'contract.pdf', bytes: page })).toBe('FILE_LOGIN_PAGE');
  });

  it('bytes that are no text', async () => {
    const noise = Uint8Array.from({ length: 4000 }, (_, i) => (i * 193 + (i >> 4) * 57) & 0xff);
    expect(await codeOf(bytes('notes.txt', noise))).toBe('FILE_NOT_TEXT');
  });

  it('a text in an alphabet that single bytes don’t tell', async () => {
    // “Привет, мир” in Windows-1251.
    const cyrillic = Buffer.from('cff0e8e2e5f22c20ece8f0'.repeat(40), 'hex');
    expect(await codeOf(bytes('notes.txt', cyrillic))).toBe('FILE_NOT_TEXT');
  });

  it('broken JSON, with what is wrong', async () => {
    const { code, line } = await lineOf(bytes('config.json', '{"port": }'));
    expect([code, line]).toEqual(['FILE_DAMAGED', expect.stringContaining('no valid JSON')]);
  });

  it('a PDF that is cut off right after its header', async () => {
    expect(await codeOf(bytes('report.pdf', '%PDF-1.7\n1 0 obj'))).toBe('FILE_DAMAGED');
  });

  it('a file that is not there', async () => {
    expect(await codeOf({ name: 'gone.txt', filePath: join(work, 'gone.txt') })).toBe('FILE_DAMAGED');
  });
});

describe('too much', () => {
  it('200 MB are refused by their size, before they are read', async () => {
    const path = join(work, 'large.csv');
    const file = openSync(path, 'w');
    ftruncateSync(file, 200 * megabyte);
    closeSync(file);
    expect(await lineOf({ name: 'large.csv', filePath: path })).toEqual({
      code: 'FILE_TOO_LARGE',
      line: expect.stringContaining('200 MB, the limit is 50 MB'),
    });
  });

  it('an archive that unpacks to far more than it is', async () => {
    const bomb = writeZip([contentTypes, word(Buffer.alloc(64 * megabyte, 0x20))]);
    expect(bomb.length).toBeLessThan(megabyte);
    expect(await codeOf(bytes('bomb.docx', bomb))).toBe('FILE_BOMB');
  });

  it('an archive whose header lies about it', async () => {
    const bomb = writeZip([contentTypes, word(Buffer.alloc(64 * megabyte, 0x20), 1000)]);
    expect(await codeOf(bytes('liar.docx', bomb))).toBe('FILE_BOMB');
  });

  it('archives in archives in archives', async () => {
    let inner: Uint8Array = Buffer.from('<w:document/>');
    for (let depth = 0; depth < 3; depth++) inner = writeZip([{ path: `inner${depth}.zip`, content: inner }]);
    const nested = writeZip([contentTypes, word('<w:document/>'), { path: 'word/embeddings/a.zip', content: inner }]);
    expect(await codeOf(bytes('nested.docx', nested))).toBe('FILE_BOMB');
  });

  it('an archive of too many files', async () => {
    const many = Array.from({ length: 10_050 }, (_, i) => ({ path: `word/media/${i}`, content: '' }));
    expect(await codeOf(bytes('many.docx', writeZip([contentTypes, word('<w:document/>'), ...many])))).toBe(
      'FILE_BOMB',
    );
  });

  it('a file that takes too long, after which the next one is read', async () => {
    // The child cannot even start in a millisecond's worth of reading time; a second file gets a fresh one.
    const hasty = createExtractor({ timeoutSeconds: 0.001, maxBytes: 50 * megabyte });
    const long = 'word '.repeat(2 * megabyte);
    expect(await lineOf(bytes('long.md', long), hasty)).toMatchObject({ code: 'FILE_TIMEOUT' });
    await hasty.stop();
    expect((await extractor.extract(bytes('note.txt', 'Fine.'))).text).toBe('Fine.');
  });

  it('a file that needs too much memory, after which the next one is read by a fresh child', async () => {
    const small = createExtractor({ timeoutSeconds: 60, maxBytes: 50 * megabyte, memoryMb: 64 });
    const rows = `[${'{"a":1,"b":2},'.repeat(2_500_000)}{"a":1,"b":2}]`;
    expect(await lineOf(bytes('huge.json', rows), small)).toMatchObject({
      code: 'FILE_DAMAGED',
      line: expect.stringContaining('memory'),
    });
    expect((await small.extract(bytes('note.txt', 'Fine.'))).text).toBe('Fine.');
    await small.stop();
  });
});

describe('read all the same', () => {
  it.each([
    ['UTF-8 with a mark', Buffer.from('\ufeffGrüße, 25 €')],
    ['UTF-16 LE with a mark', Buffer.from('\ufeffGrüße, 25 €', 'utf16le')],
    ['UTF-16 BE with a mark', Buffer.from('\ufeffGrüße, 25 €', 'utf16le').swap16()],
    ['UTF-16 LE without one', Buffer.from('Grüße, 25 €', 'utf16le')],
    ['Windows-1252', Buffer.from([0x47, 0x72, 0xfc, 0xdf, 0x65, 0x2c, 0x20, 0x32, 0x35, 0x20, 0x80])],
  ])('%s', async (_, content) => expect((await extractor.extract(bytes('a.txt', content))).text).toBe('Grüße, 25 €'));

  it('broken UTF-8, with a warning; no NUL and no half character is left', async () => {
    const broken = Buffer.concat([
      Buffer.from('Öffnungszeiten: täglich 9–17 Uhr, außer sonntags. Gebühr: 5 €.\u0000 '),
      Buffer.from([0xe2, 0x82]),
      Buffer.from(' Ende.'),
    ]);
    const { text, warnings } = await extractor.extract(bytes('a.txt', broken));
    expect(text).toContain('Gebühr: 5 €.');
    expect(text).toContain('\ufffd');
    expect(text).not.toContain('\u0000');
    expect(text).not.toMatch(/[\ud800-\udfff]/u);
    expect(warnings[0]).toMatch(/not valid UTF-8/);
  });

  it('text under a binary name, HTML under a text name', async () => {
    expect(await extractor.extract(bytes('notes.docx', 'Just words.'))).toMatchObject({
      format: 'text',
      text: 'Just words.',
    });
    const page = '<!doctype html><title>x</title><body><h1>Rules</h1><p>No smoking.</p></body>';
    expect(await extractor.extract(bytes('rules.txt', page))).toMatchObject({
      format: 'html',
      text: 'Rules\nNo smoking.',
    });
  });
});

describe('processes', () => {
  it('keeps order and results apart when many files come at once', async () => {
    const many = Array.from({ length: 12 }, (_, i) => i);
    const texts = await Promise.all(
      many.map(async (i) =>
        i % 4 === 3 ? codeOf(bytes(`${i}.json`, '{')) : (await extractor.extract(bytes(`${i}.txt`, `File ${i}.`))).text,
      ),
    );
    expect(texts).toEqual(many.map((i) => (i % 4 === 3 ? 'FILE_DAMAGED' : `File ${i}.`)));
  });

  it('refuses after stop, and may be stopped twice', async () => {
    const stopped = createExtractor({ timeoutSeconds: 5, maxBytes: megabyte });
    await stopped.extract(bytes('a.txt', 'Fine.'));
    await stopped.stop();
    await stopped.stop();
    await expect(stopped.extract(bytes('a.txt', 'Fine.'))).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it.skipIf(process.platform === 'win32')(
    'a child does not outlive its parent, even in the middle of a file',
    async () => {
      const script = `
      import { createExtractor } from ${JSON.stringify(new URL('../src/documents/extract/index.ts', import.meta.url).href)};
      import { execFileSync } from 'node:child_process';
      const extractor = createExtractor({ timeoutSeconds: 60, maxBytes: 1e9 });
      await extractor.extract({ name: 'a.txt', bytes: Buffer.from('x') });
      void extractor.extract({ name: 'b.md', bytes: Buffer.from('*a '.repeat(300000)) });
      const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
      console.log(children.split('\\n').filter((line) => line.includes('worker')).map((line) => Number.parseInt(line, 10)).join());
      process.kill(process.pid, 'SIGKILL');
    `;
      let out = '';
      try {
        execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script], {
          encoding: 'utf8',
        });
      } catch (error) {
        out = (error as { stdout: string }).stdout;
      }
      const child = Number(out.trim());
      expect(child).toBeGreaterThan(1);
      const lives = (): boolean => {
        try {
          process.kill(child, 0);
          return true;
        } catch {
          return false;
        }
      };
      await expect.poll(lives, { timeout: 20_000 }).toBe(false);
    },
  );
});
