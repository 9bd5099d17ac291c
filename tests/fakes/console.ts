/**
 * Collaborators of the HTTP server for tests of its edges: documents in memory, answers by shared words. Quotes are
 * true slices of what was uploaded, so the page can be tested with them. `hold` keeps work waiting on request.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Answer, Answerer, Audience, Question } from '../../src/answers/contract.ts';
import { pollChanges } from '../../src/console/changes.ts';
import type {
  Collaborators,
  ConsoleDocuments,
  DocumentDetail,
  DocumentRecord,
  HealthCheck,
  Upload,
  Vote,
} from '../../src/console/contract.ts';
import { sampleHandbook } from '../../src/console/sample/sample.ts';
import { DocentError } from '../../src/errors.ts';

/** A gate that work waits at while it is closed. */
const createGate = () => {
  let open = Promise.resolve();
  let release = () => {};
  return {
    close() {
      open = new Promise<void>((resolve) => {
        release = resolve;
      });
    },
    open: () => release(),
    pass: (signal?: AbortSignal) =>
      Promise.race([
        open,
        new Promise<never>((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(new DocentError('CANCELLED')), { once: true }),
        ),
      ]),
  };
};

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\d]{4,}/gu) ?? [];

export function createConsoleFake() {
  const stored = new Map<string, DocumentDetail>();
  const questions: Question[] = [];
  const audiences: Audience[] = [];
  const uploads: Upload[] = [];
  const votes: Vote[] = [];
  const logged: { level: string; fields: object; message: string }[] = [];
  const reading = createGate();
  const answering = createGate();
  let checks: HealthCheck[] = [
    { name: 'database', ok: true, detail: 'answers' },
    { name: 'model', ok: true, detail: 'loaded' },
  ];
  /** Thrown by the next question. */
  let failure: Error | undefined;
  let cancelled = 0;

  const find = (id: string): DocumentDetail => {
    const detail = stored.get(id);
    if (!detail) throw new DocentError('DOCUMENT_UNKNOWN', { id });
    return detail;
  };

  const sectionsOf = (text: string) => {
    const headings = [...text.matchAll(/^#+ (.+)$/gm)];
    return headings.map((match, i) => ({
      heading: match[1]!,
      path: [match[1]!],
      start: match.index,
      end: headings[i + 1]?.index ?? text.length,
      page: null,
    }));
  };

  const settle = async (id: string, text: string) => {
    await reading.pass();
    const before = stored.get(id);
    if (!before) return;
    const sections = sectionsOf(text);
    const broken = text.trim() === '' ? new DocentError('FILE_EMPTY', { name: before.document.path }) : undefined;
    stored.set(id, {
      text: broken ? '' : text,
      sections: broken ? [] : sections,
      document: {
        ...before.document,
        status: broken ? 'failed' : 'ready',
        error: broken?.line ?? null,
        sections: broken ? 0 : Math.max(1, sections.length),
        passages: broken ? 0 : Math.ceil(text.length / 600),
      },
    });
  };

  const place = async (path: string, file: string, bytes: number, channel = 'everyone'): Promise<DocumentRecord> => {
    const text = await readFile(file, 'utf8');
    const known = [...stored.values()].find((other) => other.document.path === path && other.text === text);
    if (known) return { ...known.document, status: 'duplicate' };
    const document: DocumentRecord = {
      id: randomUUID(),
      title: /^# (.+)$/m.exec(text)?.[1] ?? path,
      path,
      channel,
      status: 'received',
      error: null,
      sections: 0,
      passages: 0,
      bytes,
      pages: null,
      updatedAt: new Date().toISOString(),
    };
    stored.set(document.id, { document, text: '', sections: [] });
    void settle(document.id, text);
    return document;
  };

  const documents: ConsoleDocuments = {
    async list(audience) {
      audiences.push(audience);
      return [...stored.values()].map((detail) => detail.document);
    },
    async show(id, audience) {
      audiences.push(audience);
      return find(id);
    },
    async remove(id, _actor, audience) {
      audiences.push(audience);
      find(id);
      stored.delete(id);
    },
    async receive(upload) {
      uploads.push(upload);
      if (upload.path.endsWith('.exe')) throw new DocentError('FILE_UNSUPPORTED', { name: upload.path, type: 'exe' });
      return place(upload.path, upload.file, upload.bytes, upload.channel);
    },
    changes: (id, audience, signal) => {
      audiences.push(audience);
      return pollChanges(async () => find(id).document, signal, 10);
    },
    sample: async () => {
      const { path, file } = sampleHandbook();
      return place(path, file, (await readFile(file)).byteLength);
    },
  };

  /** The sentence that shares most words with the question; not found below two. */
  const read = (question: Question): Answer => {
    const wanted = new Set(wordsOf(question.text));
    let best = { score: 0, quote: '', start: 0, detail: undefined as DocumentDetail | undefined };
    for (const detail of stored.values()) {
      for (const match of detail.text.matchAll(/[^\s#|-][^.\n]{10,}?\./g)) {
        const score = new Set(wordsOf(match[0]).filter((word) => wanted.has(word))).size;
        if (score > best.score) best = { score, quote: match[0], start: match.index, detail };
      }
    }
    const { detail, quote, start, score } = best;
    const found = score >= 2;
    const section = detail?.sections.findLast((candidate) => candidate.start <= start)?.heading ?? null;
    const exact = /\d[\d,.]*( \w+)?/.exec(quote)?.[0] ?? quote.replace(/\.$/, '');
    const source = detail && {
      document: detail.document.path,
      documentId: detail.document.id,
      section,
      page: null,
      quote,
      start,
      end: start + quote.length,
      url: null,
    };
    return {
      id: randomUUID(),
      found,
      kind: 'span',
      answer: found ? exact : null,
      text: found
        ? `${exact}. «${quote}»`
        : `The documents do not answer this.${section ? ` The nearest section is “${section}”.` : ''}`,
      confidence: found ? Math.min(0.95, 0.4 + 0.15 * score) : 0.1,
      sources: source ? [source] : [],
      model: { base: 'tiny', adapter: 'reader-v1' },
      timing: { retrieve_ms: 1, read_ms: 2, total_ms: 3 },
    };
  };

  const answerer: Answerer = {
    async ask(question, options) {
      questions.push(question);
      if (question.text.trim() === '') throw new DocentError('QUESTION_EMPTY');
      options?.onProgress?.('searching', stored.size);
      options?.onProgress?.('reading', 4);
      await answering.pass(options?.signal).finally(() => {
        if (options?.signal?.aborted) cancelled++;
      });
      if (failure) {
        const thrown = failure;
        failure = undefined;
        throw thrown;
      }
      return read(question);
    },
    async examples(audience) {
      audiences.push(audience);
      return [...stored.values()].some((detail) => detail.document.status === 'ready')
        ? ['How many days of paid leave are there?', 'Who approves taxis?', 'When is the help desk open?']
        : [];
    },
  };

  const record = (level: string) => (fields: object, message: string) => {
    logged.push({ level, fields, message });
  };

  const collaborators: Collaborators = {
    answerer,
    documents,
    models: {
      list: async () => ({
        base: { id: 'tiny', created: new Date('2026-01-02T03:04:05Z') },
        adapters: [{ id: 'reader-v1', alias: ['champion'], created: null }],
      }),
    },
    health: { checks: async () => checks },
    feedback: {
      async record(vote, audience) {
        audiences.push(audience);
        votes.push(vote);
        const { correction } = vote;
        if (!correction) return null;
        return [...stored.values()].some(({ text }) => text.includes(correction)) ? 'waits' : 'unsaid';
      },
    },
    learning: { line: async () => 'not begun yet.' },
    queue: { waiting: () => 0, running: () => 0 },
    log: { debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') },
  };

  return {
    collaborators,
    questions,
    audiences,
    uploads,
    votes,
    logged,
    reading,
    answering,
    /** Questions that were given up. */
    cancelled: () => cancelled,
    setChecks: (next: HealthCheck[]) => {
      checks = next;
    },
    failNext: (error: Error) => {
      failure = error;
    },
  };
}
