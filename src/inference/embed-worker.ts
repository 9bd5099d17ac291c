/** The child process in which sentences become vectors. It ends when its parent is gone. */
import { reasonOf } from '../errors.ts';
import { type EncoderOptions, openSentenceEncoder, type SentenceEncoder } from './bert.ts';

export type ToEmbedWorker =
  | ({ readonly type: 'start' } & EncoderOptions)
  | { readonly type: 'embed'; readonly call: number; readonly texts: readonly string[] };
export type FromEmbedWorker =
  | { readonly type: 'started'; readonly dimensions: number }
  | { readonly type: 'embedded'; readonly call: number; readonly vectors: readonly Float32Array[] }
  | { readonly type: 'failed'; readonly call?: number; readonly reason: string };

const send = (message: FromEmbedWorker): void => {
  // The parent may go at this very moment; without a callback that would print a stack trace.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};
let encoder: Promise<SentenceEncoder> | null = null;

async function handle(message: ToEmbedWorker): Promise<void> {
  const call = message.type === 'embed' ? { call: message.call } : {};
  try {
    if (message.type === 'start') {
      encoder = openSentenceEncoder(message);
      send({ type: 'started', dimensions: (await encoder).dimensions });
      return;
    }
    const ready = await encoder!;
    const vectors: Float32Array[] = [];
    for (const text of message.texts) vectors.push(await ready.encode(text));
    send({ type: 'embedded', call: message.call, vectors });
  } catch (error) {
    send({ type: 'failed', ...call, reason: reasonOf(error) });
  }
}

process.on('message', (message: ToEmbedWorker) => void handle(message));
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
