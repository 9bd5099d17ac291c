/** The conversation: turns, what is under way, and its thread. Lives as long as the browser tab. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Answer, ask, loadSample, type Problem, type Progress, problemFrom, settled } from '../api.ts';

export interface Turn {
  /** Also the exactly-once key: repeating after a broken connection asks nothing twice. */
  readonly key: string;
  readonly question: string;
  readonly state: 'asking' | 'answered' | 'failed' | 'stopped';
  readonly progress?: Progress;
  readonly answer?: Answer;
  readonly problem?: Problem;
}

interface Saved {
  readonly thread: string;
  readonly turns: readonly Turn[];
}

const slot = 'docent-conversation';
const fresh = (): Saved => ({ thread: newKey(), turns: [] });

const restore = (): Saved => {
  try {
    const saved = JSON.parse(sessionStorage.getItem(slot) ?? 'null') as Saved | null;
    if (!saved) return fresh();
    // What was under way when the page was left can be asked again under its key.
    const turns = saved.turns.map((turn) => (turn.state === 'asking' ? { ...turn, state: 'stopped' as const } : turn));
    return { ...saved, turns };
  } catch {
    return fresh();
  }
};

/** `crypto.randomUUID` is missing on plain http off loopback. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface Conversation {
  readonly turns: readonly Turn[];
  readonly busy: boolean;
  ask(question: string): void;
  /** Takes up the sample handbook first, then asks. */
  askSample(question: string): void;
  retry(turn: Turn): void;
  stop(): void;
  restart(): void;
}

/** @param onDocuments Called when the sample handbook was taken up. */
export function useConversation(onDocuments: () => void): Conversation {
  const [{ thread, turns }, setSaved] = useState(restore);
  const running = useRef<AbortController | null>(null);
  const busy = turns.some((turn) => turn.state === 'asking');

  useEffect(() => {
    try {
      sessionStorage.setItem(slot, JSON.stringify({ thread, turns }));
    } catch {
      // Storage full or forbidden: the conversation just does not survive a reload.
    }
  }, [thread, turns]);

  const change = useCallback((key: string, patch: Partial<Turn>) => {
    setSaved((saved) => ({
      ...saved,
      turns: saved.turns.map((turn) => (turn.key === key ? { ...turn, ...patch } : turn)),
    }));
  }, []);

  const run = useCallback(
    async (key: string, question: string, before?: () => Promise<void>) => {
      const abort = new AbortController();
      running.current = abort;
      try {
        await before?.();
        const answer = await ask({ question, thread, key }, (progress) => change(key, { progress }), abort.signal);
        change(key, { state: 'answered', answer });
      } catch (error) {
        if (abort.signal.aborted) change(key, { state: 'stopped' });
        else change(key, { state: 'failed', problem: problemFrom(error) });
      }
    },
    [thread, change],
  );

  const begin = (question: string, before?: (key: string) => Promise<void>) => {
    const text = question.trim();
    if (text === '' || busy) return;
    const key = newKey();
    setSaved((saved) => ({ ...saved, turns: [...saved.turns, { key, question: text, state: 'asking' }] }));
    void run(key, text, before && (() => before(key)));
  };

  return {
    turns,
    busy,
    ask: (question) => begin(question),
    askSample: (question) =>
      begin(question, async (key) => {
        change(key, { progress: { stage: 'sample', detail: 0 } });
        const record = await loadSample();
        onDocuments();
        await settled(record);
        onDocuments();
      }),
    retry(turn) {
      if (busy) return;
      change(turn.key, { state: 'asking', progress: undefined, problem: undefined });
      void run(turn.key, turn.question);
    },
    stop: () => running.current?.abort(),
    restart() {
      running.current?.abort();
      setSaved(fresh());
    },
  };
}
