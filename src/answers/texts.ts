/** Every sentence that Docent says about an answer, in one place. Markdown as chat adapters and the terminal render it. */
import type { Source } from './contract.ts';

const place = (source: Pick<Source, 'document' | 'section' | 'page'>): string => {
  const section = source.section ? `“${source.section}” in ` : '';
  const page = source.page === null ? '' : `, page ${source.page}`;
  return `${section}${source.document}${page}`;
};

const endsSentence = (text: string): string => (/[.!?…:]$/.test(text) ? text : `${text}.`);

/** The words, and the sentence they stand in when it says more. */
export const answerText = (answer: string, quotes: readonly string[]): string => {
  const shown = quotes.filter((quote) => quote !== answer && quote !== `${answer}.`);
  return [endsSentence(answer), ...shown.map((quote) => `«${quote}»`)].join(' ');
};

export const notFoundText = (nearest: Pick<Source, 'document' | 'section' | 'page'> | null, empty: boolean): string => {
  if (empty) return 'There are no documents here yet that I could answer from. Upload one, and ask again.';
  const pointer = nearest ? ` The nearest section is ${place(nearest)}.` : '';
  return `I could not find this in the documents.${pointer}`;
};

export const helpText = (examples: readonly string[]): string => {
  const lines = [
    'I answer questions from the documents that were uploaded here, with the exact words and where they stand. If they don’t answer, I say so.',
  ];
  if (examples.length > 0) lines.push('', 'For example, ask me:', ...examples.map((example) => `• ${example}`));
  else
    lines.push(
      '',
      'Nothing has been uploaded that you can see. Send me a PDF, Word, Excel, CSV, HTML, Markdown or text file.',
    );
  return lines.join('\n');
};

export const greetingText = (examples: readonly string[]): string =>
  examples.length > 0
    ? `Hello! Ask me something about the documents here, for instance: ${examples[0]}`
    : `Hello! ${helpText([])}`;

export const thanksText = 'You’re welcome.';

export const correctedNote = 'Someone here corrected this answer, and an admin approved it.';

export const otherLanguageNote =
  'I read English best; this question looks like another language, so please check the quote.';

export const otherDocumentLanguageNote =
  'The document is not in English, which I read less well: please check the quote.';
