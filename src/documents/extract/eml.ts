/** E-mail (RFC 5322): subject, who, when, and the body. Attachments are named, not read. */
import PostalMime, { type Address } from 'postal-mime';
import { createTextBuilder } from './builder.ts';
import type { Extractor } from './contract.ts';
import { appendHtml } from './html.ts';
import { appendPlainText } from './text.ts';

const people = (addresses: readonly Address[] | undefined): string =>
  (addresses ?? [])
    .flatMap((address) => address.group ?? [address])
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address || ''))
    .filter((shown) => shown !== '')
    .join(', ');

/** HTML that says more than its plain twin: tables and lists. */
const isStructured = (html: string): boolean => /<(table|ul|ol|h[1-6])\b/i.test(html);

export const eml: Extractor = {
  format: 'eml',
  async extract({ bytes }) {
    const mail = await PostalMime.parse(Buffer.from(bytes));
    const builder = createTextBuilder();
    if (mail.subject) builder.heading(1, mail.subject);
    // The date as the sender's program wrote it, with the sender's time zone.
    const date = mail.headers.find((header) => header.key === 'date')?.value ?? mail.date;
    const facts: readonly (readonly [string, string | undefined])[] = [
      ['From', people(mail.from ? [mail.from] : [])],
      ['To', people(mail.to)],
      ['Cc', people(mail.cc)],
      ['Date', date],
    ];
    builder.paragraph(
      facts
        .filter(([, value]) => value)
        .map(([key, value]) => `${key}: ${value}`)
        .join('\n'),
    );
    const plain = mail.text?.trim() ?? '';
    if (mail.html && (plain === '' || isStructured(mail.html))) appendHtml(builder, mail.html);
    // Marks of quoting say nothing to a reader.
    else appendPlainText(builder, plain.replace(/^(?:>[ \t]?)+/gm, ''));

    const attached = mail.attachments.filter(({ disposition }) => disposition !== 'inline');
    if (attached.length > 0)
      builder.warn(
        `${attached.length} ${attached.length === 1 ? 'attachment was' : 'attachments were'} not read; upload ${attached.length === 1 ? 'it' : 'them'} as files`,
      );
    return builder.build({ title: mail.subject ?? null });
  },
};
