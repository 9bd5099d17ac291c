/** The server as functions. Knows /api, not what the page does with it. */
import type { Answer } from '../../answers/contract.ts';
import type { CorrectionFate, DocumentRecord, SectionRecord } from '../contract.ts';

export type { Source } from '../../answers/contract.ts';
export type { Answer, DocumentRecord, SectionRecord };

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

export interface Status {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly learning: string;
  readonly model: { readonly base: string; readonly adapter: string | null } | null;
  readonly maxUploadBytes: number;
  readonly maxQuestionCharacters: number;
}

export interface Sample {
  readonly title: string;
  readonly questions: readonly string[];
}

export interface TextSlice {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly characters: number;
}

export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

const unreachable: Problem = {
  code: 'UNREACHABLE',
  message: 'The server does not answer',
  fix: 'Check that Docent is running, then try again.',
};

export const problemFrom = (error: unknown): Problem => (error instanceof ApiError ? error.problem : unreachable);

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, init);
  if (response.ok) return response;
  // The session ended: the server shows its sign-in page.
  if (response.status === 401) location.reload();
  const body = (await response.json().catch(() => ({}))) as { error?: Problem };
  throw new ApiError(body.error ?? unreachable);
}

const json = async <T>(path: string, init?: RequestInit): Promise<T> => (await call(path, init)).json() as Promise<T>;
const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Events of a response, in order. https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      const blocks = rest.split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const lines = block.split('\n');
        const event = lines.find((line) => line.startsWith('event: '))?.slice(7) ?? 'message';
        const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
        if (data.length > 0) yield { event, data: JSON.parse(data.join('\n')) };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

export interface Progress {
  readonly stage: string;
  readonly detail: number;
}

/** @throws ApiError, or the abort of `signal`. */
export async function ask(
  asked: { readonly question: string; readonly thread: string; readonly key: string },
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await call('/api/ask', { ...post(asked), signal });
  for await (const { event, data } of eventsOf(response)) {
    if (event === 'progress') onProgress(data as Progress);
    if (event === 'answer') return data as Answer;
    if (event === 'error') throw new ApiError(data as Problem);
  }
  throw new ApiError(unreachable);
}

export const fetchDocuments = async (): Promise<readonly DocumentRecord[]> =>
  (await json<{ documents: DocumentRecord[] }>('/api/documents')).documents;

/** Uploads one file and returns once the server has it. @throws ApiError */
export async function upload(file: File, path: string): Promise<DocumentRecord> {
  const form = new FormData();
  form.append('file', file, path);
  const { documents } = await json<{ documents: { document?: DocumentRecord; error?: Problem }[] }>('/api/documents', {
    method: 'POST',
    body: form,
  });
  const [result] = documents;
  if (!result?.document) throw new ApiError(result?.error ?? unreachable);
  return result.document;
}

/** Waits until a document is read or has failed. @throws ApiError */
export async function settled(
  record: DocumentRecord,
  onChange?: (record: DocumentRecord) => void,
): Promise<DocumentRecord> {
  let last = record;
  while (last.status === 'received') {
    const response = await call(`/api/documents/${encodeURIComponent(record.id)}/events`);
    for await (const { event, data } of eventsOf(response)) {
      if (event === 'error') throw new ApiError(data as Problem);
      last = data as DocumentRecord;
      onChange?.(last);
    }
  }
  return last;
}

export const removeDocument = async (id: string): Promise<void> => {
  await call(`/api/documents/${encodeURIComponent(id)}`, { method: 'DELETE' });
};

export const fetchDocument = (id: string) =>
  json<{ document: DocumentRecord; sections: SectionRecord[]; characters: number }>(
    `/api/documents/${encodeURIComponent(id)}`,
  );

export const fetchText = (id: string, start: number, end: number) =>
  json<TextSlice>(`/api/documents/${encodeURIComponent(id)}/text?start=${start}&end=${end}`);

export const fetchStatus = () => json<Status>('/api/status');
export const fetchSample = () => json<Sample>('/api/sample');
export const loadSample = () => json<DocumentRecord>('/api/sample', { method: 'POST' });
export const fetchExamples = async () => (await json<{ questions: string[] }>('/api/examples')).questions;
export interface Correction {
  /** What the answer should have been. */
  readonly correction: string;
  readonly reason: string;
}

/** @returns what becomes of the correction, null without one. @throws ApiError */
export async function sendVote(answer: string, vote: 1 | -1, given?: Correction): Promise<CorrectionFate | null> {
  const words = Object.entries(given ?? {}).filter(([, text]) => text.trim() !== '');
  const body = { answer, vote, ...Object.fromEntries(words) };
  return (await json<{ correction: CorrectionFate | null }>('/api/feedback', post(body))).correction;
}
