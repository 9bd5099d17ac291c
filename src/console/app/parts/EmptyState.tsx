/** What a conversation begins with: questions to click, from the team's documents or from the sample handbook. */
import { useEffect, useState } from 'react';
import { fetchExamples, fetchSample } from '../api.ts';
import { FileButton } from './FileButton.tsx';
import { Icon } from './Icon.tsx';

interface Props {
  /** undefined: not known yet. */
  readonly hasDocuments: boolean | undefined;
  /** Changes when documents change, so that the examples follow. */
  readonly readyCount: number;
  onAsk(question: string): void;
  onAskSample(question: string): void;
  onFiles(files: readonly File[]): void;
}

function useQuestions(load: () => Promise<readonly string[]>, wanted: boolean, version: number): readonly string[] {
  const [questions, setQuestions] = useState<readonly string[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says when to look again
  useEffect(() => {
    if (wanted) load().then(setQuestions, () => setQuestions([]));
  }, [load, wanted, version]);
  return questions;
}

const sampleQuestions = async () => (await fetchSample()).questions;

export function EmptyState({ hasDocuments, readyCount, onAsk, onAskSample, onFiles }: Props) {
  const examples = useQuestions(fetchExamples, hasDocuments === true, readyCount);
  const samples = useQuestions(sampleQuestions, hasDocuments === false, 0);
  const questions = hasDocuments ? examples : samples;
  return (
    <section className="empty" aria-labelledby="welcome">
      <h2 id="welcome">Ask your documents</h2>
      <p className="lead">
        Answers are the exact words of a document, with the place where they stand. If the documents do not say it, you
        are told so.
      </p>
      {hasDocuments === false && (
        <FileButton className="primary" label="Upload your documents" onFiles={onFiles}>
          <Icon name="attach" /> Upload your documents
        </FileButton>
      )}
      {questions.length > 0 && (
        <>
          <h3>{hasDocuments ? 'For instance' : 'Or try it with a sample handbook'}</h3>
          <ul className="suggestions">
            {questions.map((question) => (
              <li key={question}>
                <button type="button" onClick={() => (hasDocuments ? onAsk : onAskSample)(question)}>
                  {question}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
