/** The documents: upload, list, delete. */
import type { Documents } from '../state/documents.ts';
import { DocumentRow } from './DocumentRow.tsx';
import { FileButton } from './FileButton.tsx';
import { Icon } from './Icon.tsx';
import { UploadLines } from './UploadLines.tsx';

interface Props {
  readonly documents: Documents;
  /** What is learned now, or came of the last run; '' = not known. */
  readonly learning: string;
}

export function DocumentsPanel({ documents, learning }: Props) {
  const { list, uploads } = documents;
  return (
    <section className="documents" aria-labelledby="documents-heading">
      <header>
        <h2 id="documents-heading">Documents</h2>
        <a className="back" href="#/">
          Back to the conversation
        </a>
      </header>
      <FileButton className="upload" label="Upload files" onFiles={documents.add}>
        <Icon name="attach" />
        <span>
          <strong>Upload files</strong>
          <small>or drop them anywhere on this page</small>
        </span>
      </FileButton>
      <UploadLines lines={uploads} onDismiss={documents.dismiss} />
      {list && list.length > 0 ? (
        <ul className="list" aria-label="Documents">
          {list.map((record) => (
            <DocumentRow key={record.id} record={record} onRemove={documents.remove} />
          ))}
        </ul>
      ) : (
        <p className="none">
          {list ? 'PDF, Word, PowerPoint, Excel, CSV, HTML, Markdown and plain text.' : 'Loading…'}
        </p>
      )}
      {learning && <p className="learning">Learning: {learning}</p>}
    </section>
  );
}
