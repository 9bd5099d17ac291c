/** The documents that this page may see, and the uploads under way. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type DocumentRecord, fetchDocuments, problemFrom, removeDocument, settled, upload } from '../api.ts';

export interface UploadLine {
  readonly key: number;
  readonly name: string;
  readonly state: 'waiting' | 'sending' | 'reading' | 'ready' | 'duplicate' | 'failed';
  /** What came of it, one line. */
  readonly line: string;
}

export interface Documents {
  /** undefined: not loaded yet. */
  readonly list: readonly DocumentRecord[] | undefined;
  readonly uploads: readonly UploadLine[];
  refresh(): void;
  add(files: readonly File[]): void;
  dismiss(key: number): void;
  /** @throws ApiError */
  remove(id: string): Promise<void>;
}

/** Others upload too (in Slack, from the command line); the list follows at this pace while the page is in front. */
const refreshMs = 10_000;
/** While something is being read. */
const readingMs = 1_500;
/** Files under way at once. Reading is the long part and the server does it one by one; a browser has six connections. */
const parallelUploads = 1;

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;

const outcomeOf = (record: DocumentRecord): Pick<UploadLine, 'state' | 'line'> => {
  switch (record.status) {
    case 'failed':
      return { state: 'failed', line: record.error ?? 'It could not be read' };
    case 'duplicate':
      return { state: 'duplicate', line: 'Already known, nothing changed' };
    case 'replaced':
      return { state: 'ready', line: `Replaced the earlier version, ${count(record.sections, 'section')}` };
    case 'ready':
      return {
        state: 'ready',
        line: [`Learned ${count(record.sections, 'section')}`, ...(record.warnings ?? [])].join('. '),
      };
    default:
      return { state: 'reading', line: 'Reading…' };
  }
};

export function useDocuments(): Documents {
  const [list, setList] = useState<readonly DocumentRecord[]>();
  const [uploads, setUploads] = useState<readonly UploadLine[]>([]);
  const queue = useRef<{ key: number; file: File; path: string }[]>([]);
  const active = useRef(0);
  const nextKey = useRef(1);

  const refresh = useCallback(() => {
    fetchDocuments().then(setList, () => {}); // the status line tells when the server is away
  }, []);

  const reading = list?.some((document) => document.status === 'received') ?? false;
  useEffect(() => {
    refresh();
    const timer = setInterval(
      () => document.visibilityState === 'visible' && refresh(),
      reading ? readingMs : refreshMs,
    );
    return () => clearInterval(timer);
  }, [refresh, reading]);

  const change = useCallback((key: number, patch: Partial<UploadLine>) => {
    setUploads((lines) => lines.map((line) => (line.key === key ? { ...line, ...patch } : line)));
  }, []);

  const work = useCallback(() => {
    while (queue.current.length > 0 && active.current < parallelUploads) {
      const { key, file, path } = queue.current.shift()!;
      active.current++;
      change(key, { state: 'sending', line: 'Uploading…' });
      upload(file, path)
        .then((record) => {
          change(key, outcomeOf(record));
          refresh();
          return settled(record);
        })
        .then(
          (record) => change(key, outcomeOf(record)),
          (error) => {
            const { message, fix } = problemFrom(error);
            change(key, { state: 'failed', line: `${message}. ${fix}` });
          },
        )
        .finally(() => {
          active.current--;
          refresh();
          work();
        });
    }
  }, [change, refresh]);

  const add = useCallback(
    (files: readonly File[]) => {
      const lines = files.map((file): UploadLine => {
        const key = nextKey.current++;
        const path = file.webkitRelativePath || file.name;
        queue.current.push({ key, file, path });
        return { key, name: path, state: 'waiting', line: 'Waiting' };
      });
      setUploads((before) => [...lines, ...before]);
      work();
    },
    [work],
  );

  return {
    list,
    uploads,
    refresh,
    add,
    dismiss: (key) => setUploads((lines) => lines.filter((line) => line.key !== key)),
    async remove(id) {
      await removeDocument(id);
      setList((before) => before?.filter((document) => document.id !== id));
      refresh();
    },
  };
}
