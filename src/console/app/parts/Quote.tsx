/** A source: its words, with the exact answer marked in them, and where they stand. */
import type { Source } from '../api.ts';
import { SourceLink } from './SourceLink.tsx';

/** Where each of `words` first occurs in `quote`, in order, not overlapping. */
function marksIn(quote: string, words: readonly string[]): [number, number][] {
  const marks: [number, number][] = [];
  for (const word of words) {
    const start = word === '' ? -1 : quote.indexOf(word);
    if (start >= 0 && !marks.some(([from, to]) => start < to && start + word.length > from))
      marks.push([start, start + word.length]);
  }
  return marks.sort((a, b) => a[0] - b[0]);
}

function Marked({ quote, words }: { readonly quote: string; readonly words: readonly string[] }) {
  const marks = marksIn(quote, words);
  let from = 0;
  const parts = marks.map(([start, end]) => {
    const before = quote.slice(from, start);
    from = end;
    return (
      <span key={start}>
        {before}
        <mark>{quote.slice(start, end)}</mark>
      </span>
    );
  });
  return (
    <>
      {parts}
      {quote.slice(from)}
    </>
  );
}

interface Props {
  readonly source: Source;
  /** The exact words that answer. */
  readonly words: readonly string[];
  /** The document is gone: its words are not shown any more. */
  readonly deleted: boolean;
}

export function Quote({ source, words, deleted }: Props) {
  if (deleted) return <p className="quote-gone">The document that said this was deleted.</p>;
  const external = source.url && /^https?:\/\//.test(source.url) ? source.url : null;
  return (
    <figure className="quote">
      <blockquote>
        <Marked quote={source.quote} words={words} />
      </blockquote>
      <figcaption>
        <SourceLink source={source} />
        {external && (
          <a className="source-original" href={external} target="_blank" rel="noreferrer">
            Open the original
          </a>
        )}
      </figcaption>
    </figure>
  );
}
