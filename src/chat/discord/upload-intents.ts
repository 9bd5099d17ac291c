/**
 * Uploads by command that are promised (“is thinking”) but not written down yet, since their files are still on the way:
 * Discord sends a command once, so a later process goes on with it from here. Must not know documents.
 */
import type { ChatHandlers, IncomingCommand, Notes } from '../contract.ts';
import type { Files, SharedFile } from './files.ts';
import type { Lock } from './message-surface.ts';

interface UploadIntent {
  readonly command: Omit<IncomingCommand, 'files'>;
  readonly files: readonly SharedFile[];
  /** Where a person finds them. */
  readonly url: string | null;
}

export interface UploadIntents {
  /** Durable before the first byte is fetched. */
  take(intent: UploadIntent, handlers: ChatHandlers): Promise<void>;
  /** What an earlier process did not finish. */
  resume(handlers: ChatHandlers): Promise<void>;
}

const noteKey = 'uploads:promised';

export function createUploadIntents({
  notes,
  lock,
  files,
}: {
  readonly notes: Notes;
  readonly lock: Lock;
  readonly files: Files;
}): UploadIntents {
  const open = new Set<string>();
  const all = async () => JSON.parse((await notes.get(noteKey)) ?? '{}') as Record<string, UploadIntent>;
  const change = (edit: (intents: Record<string, UploadIntent>) => void): Promise<void> =>
    lock(noteKey, async () => {
      const intents = await all();
      edit(intents);
      await notes.set(noteKey, Object.keys(intents).length > 0 ? JSON.stringify(intents) : null);
    });

  const perform = async ({ command, files: shared, url }: UploadIntent, handlers: ChatHandlers): Promise<void> => {
    await handlers.command({ ...command, files: shared.map((file) => files.fileOf(file, url)) });
    await change((intents) => delete intents[command.key]);
  };

  return {
    async take(intent, handlers) {
      const { key } = intent.command;
      open.add(key);
      await change((intents) => {
        intents[key] = intent;
      });
      await perform(intent, handlers);
    },
    async resume(handlers) {
      for (const intent of Object.values(await all()))
        if (!open.has(intent.command.key)) await perform(intent, handlers);
    },
  };
}

/** The part of an attachment that is kept. */
export const plain = ({ id, name, title, size, url, contentType }: SharedFile): SharedFile => ({
  id,
  name,
  title,
  size,
  url,
  contentType,
});
