/**
 * The one visible message of a question: when it is shown and how often it is edited. Knows the order of events; must not
 * know where the message is (see message-surface.ts, interaction-surface.ts).
 */
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import type { Reply, ReplyAction, ReplyTarget } from '../contract.ts';
import { type Payload, renderProgress, renderReply } from './render.ts';

/** Discord lets a bot edit about five times in five seconds and channel. */
export const editGapMs = 1100;

/** A message that can be shown and shown again: the first time it is posted (or found), afterwards edited. */
export interface Surface {
  readonly target: ReplyTarget;
  /** A line above the answer where it stands apart from its question. */
  readonly heading: () => string;
  readonly thread: string;
  show(render: () => Payload): Promise<void>;
}

interface Shown {
  readonly text: string;
  readonly actions: readonly ReplyAction[];
}

export function createReply(
  surface: Surface,
  { log, gapMs = editGapMs }: { readonly log: Pick<BaseLogger, 'warn'>; readonly gapMs?: number },
): Reply {
  let queue: Promise<unknown> = Promise.resolve();
  let begun = false;
  let finished = false;
  let shownAt = 0;
  let waiting: Shown | null = null;
  let timer: NodeJS.Timeout | null = null;

  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  /** Progress is a courtesy: what goes wrong with it is logged, and the answer is tried all the same. */
  const showProgress = ({ text, actions }: Shown): Promise<void> =>
    inOrder(async () => {
      if (finished) return;
      await surface.show(() => renderProgress(text, surface.heading(), actions));
      shownAt = Date.now();
    }).catch((error) => log.warn({ reason: reasonOf(error) }, 'Discord progress not shown'));

  return {
    get target() {
      return surface.target;
    },
    progress: async (text, actions = []) => {
      if (finished) return;
      if (!begun) {
        begun = true;
        return showProgress({ text, actions });
      }
      // Only the newest text counts; it waits until Discord takes another edit.
      waiting = { text, actions };
      timer ??= setTimeout(
        () => {
          timer = null;
          if (waiting !== null) void showProgress(waiting);
          waiting = null;
        },
        Math.max(0, shownAt + gapMs - Date.now()),
      );
      return;
    },
    finish: (content) => {
      finished = true;
      if (timer) clearTimeout(timer);
      timer = null;
      return inOrder(() => surface.show(() => renderReply(content, surface.thread, surface.heading())));
    },
  };
}
