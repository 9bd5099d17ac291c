/** The page: conversation on the left, documents or one opened document on the right; on phones one at a time. */
import { useCallback, useEffect, useRef } from 'react';
import { AskBox } from './parts/AskBox.tsx';
import { DocumentsPanel } from './parts/DocumentsPanel.tsx';
import { DocumentView } from './parts/DocumentView.tsx';
import { DropZone } from './parts/DropZone.tsx';
import { EmptyState } from './parts/EmptyState.tsx';
import { Icon } from './parts/Icon.tsx';
import { StatusNote } from './parts/StatusNote.tsx';
import { TurnView } from './parts/TurnView.tsx';
import { useConversation } from './state/conversation.ts';
import { useDocuments } from './state/documents.ts';
import { goTo, usePlace } from './state/route.ts';
import { useStatus } from './state/status.ts';

/** Named by its time, so that no correction replaces another. */
const correctionFile = (question: string, words: string): File =>
  new File(
    [`# ${question}\n\n${words}\n`],
    `correction-${new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-')}.md`,
    {
      type: 'text/markdown',
    },
  );

export function App() {
  const place = usePlace();
  const status = useStatus();
  const documents = useDocuments();
  const conversation = useConversation(documents.refresh);
  const field = useRef<HTMLTextAreaElement>(null);
  const end = useRef<HTMLDivElement>(null);

  const { list } = documents;
  const readyCount = list?.filter((record) => record.status !== 'received' && record.status !== 'failed').length ?? 0;
  const isDeleted = (id: string) => list !== undefined && !list.some((record) => record.id === id);

  const last = conversation.turns.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when a turn comes or changes its state
  useEffect(() => {
    if (last) end.current?.scrollIntoView({ block: 'end' });
  }, [last?.key, last?.state]);

  // On phones the list is a page of its own; whoever uploads wants to see what comes of it.
  const { add } = documents;
  const addFiles = useCallback(
    (files: readonly File[]) => {
      add(files);
      if (matchMedia('(max-width: 55rem)').matches) goTo('#/documents');
    },
    [add],
  );

  const closeDocument = useCallback(() => goTo('#/'), []);

  return (
    <div className="app" data-view={place.view}>
      <button type="button" className="unseen skip" onClick={() => field.current?.focus()}>
        Skip to the question
      </button>
      <header className="top">
        <h1>
          <a href="#/">
            <img src="/icon.svg" alt="" width="28" height="28" /> Docent
          </a>
        </h1>
        <span className="spring" />
        <a className="to-documents" href="#/documents">
          <Icon name="folder" /> Documents{list && list.length > 0 ? ` (${list.length})` : ''}
        </a>
        <button
          type="button"
          className="new"
          disabled={conversation.turns.length === 0}
          onClick={() => {
            conversation.restart();
            goTo('#/');
            field.current?.focus();
          }}
        >
          <Icon name="plus" /> <span>New conversation</span>
        </button>
      </header>

      <main className="conversation">
        <StatusNote status={status} />
        <div className="scroll">
          {conversation.turns.length === 0 ? (
            <EmptyState
              hasDocuments={list && list.length > 0}
              readyCount={readyCount}
              onAsk={conversation.ask}
              onAskSample={conversation.askSample}
              onFiles={addFiles}
            />
          ) : (
            <ol className="turns" role="log" aria-label="Conversation" aria-live="polite">
              {conversation.turns.map((turn) => (
                <TurnView
                  key={turn.key}
                  turn={turn}
                  isDeleted={isDeleted}
                  canRetry={!conversation.busy}
                  onRetry={() => conversation.retry(turn)}
                  onTeach={(words) => addFiles([correctionFile(turn.question, words)])}
                />
              ))}
            </ol>
          )}
          <div ref={end} />
        </div>
        <AskBox
          busy={conversation.busy}
          maxCharacters={status?.maxQuestionCharacters ?? 4000}
          fieldRef={field}
          onAsk={conversation.ask}
          onStop={conversation.stop}
          onFiles={addFiles}
        />
      </main>

      <aside className="side">
        {place.view === 'document' && place.documentId ? (
          <DocumentView id={place.documentId} at={place.at} onClose={closeDocument} />
        ) : (
          <DocumentsPanel documents={documents} learning={status?.learning ?? ''} />
        )}
      </aside>
      <DropZone onFiles={addFiles} />
    </div>
  );
}
