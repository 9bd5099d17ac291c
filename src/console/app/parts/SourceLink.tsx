/** Where something stands: document, section, page; opens the document there. */
import type { Source } from '../api.ts';
import { linkToDocument } from '../state/route.ts';
import { Icon } from './Icon.tsx';

export function SourceLink({ source }: { readonly source: Source }) {
  const place = [source.section, source.page === null ? null : `page ${source.page}`].filter(Boolean).join(', ');
  return (
    <a
      className="source"
      href={linkToDocument(source.documentId, [source.start, source.end])}
      title="Show this place in the document"
    >
      <Icon name="page" />
      <span className="source-name">{source.document}</span>
      {place && <span className="source-place">{place}</span>}
    </a>
  );
}
