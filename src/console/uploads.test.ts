import { expect, test } from 'vitest';
import { cleanPath } from './uploads.ts';

test.each([
  ['handbook.md', 'handbook.md'],
  ['hr/2026/leave policy.pdf', 'hr/2026/leave policy.pdf'],
  ['../../etc/passwd', 'etc/passwd'],
  ['/srv/x', 'srv/x'],
  ['C:\\fakepath\\a.docx', 'fakepath/a.docx'],
  ['a\u0000b\n.txt', 'ab.txt'],
  ['invoice\u202efdp.exe', 'invoicefdp.exe'],
  ['Ku\u0308che.md', 'Küche.md'],
  ['..', 'upload'],
  ['', 'upload'],
  [undefined, 'upload'],
])('cleanPath(%j) is %j', (given, clean) => {
  expect(cleanPath(given)).toBe(clean);
});

test('a long path keeps its end', () => {
  const path = cleanPath(`${'x'.repeat(400)}.pdf`);
  expect(path).toHaveLength(255);
  expect(path.endsWith('x.pdf')).toBe(true);
});
