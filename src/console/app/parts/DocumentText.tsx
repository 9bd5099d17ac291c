/** The text of a document cut at its headings and at the highlighted place. */
import { type ReactNode, useEffect, useRef } from 'react';
import type { SectionRecord, TextSlice } from '../api.ts';

interface Props {
  readonly slice: TextSlice;
  readonly sections: readonly SectionRecord[];
  readonly at: readonly [number, number] | undefined;
}

export function DocumentText({ slice, sections, at }: Props) {
  const hit = useRef<HTMLElement>(null);
  const [from, to] = at ?? [-1, -1];

  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when another place is shown, not when text is added
  useEffect(() => {
    hit.current?.scrollIntoView({ block: 'center' });
  }, [from, to]);

  const cut = (start: number, end: number): string => slice.text.slice(start - slice.start, end - slice.start);

  /** [start, end) with the highlighted place marked. */
  const marked = (start: number, end: number): ReactNode => {
    if (to <= start || from >= end || from === to) return cut(start, end);
    const [first, last] = [Math.max(start, from), Math.min(end, to)];
    return (
      <>
        {cut(start, first)}
        <mark ref={first === from ? hit : undefined}>{cut(first, last)}</mark>
        {cut(last, end)}
      </>
    );
  };

  const headings = sections
    .filter(
      ({ heading, start }) => heading && start >= slice.start && slice.text.startsWith(heading, start - slice.start),
    )
    .map(({ heading, start, path }) => ({ start, end: start + heading!.length, depth: path.length }));

  const parts: ReactNode[] = [];
  let position = slice.start;
  for (const { start, end, depth } of headings) {
    if (start < position) continue;
    if (start > position) parts.push(<p key={position}>{marked(position, start)}</p>);
    parts.push(
      <h3 key={start} data-depth={Math.min(depth, 3)}>
        {marked(start, end)}
      </h3>,
    );
    position = end;
  }
  if (position < slice.end) parts.push(<p key={position}>{marked(position, slice.end)}</p>);
  return <div className="document-text">{parts}</div>;
}
