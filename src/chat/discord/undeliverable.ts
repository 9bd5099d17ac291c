/**
 * The last resort when Discord does not take a reply for good: tell the person in a direct message. Knows error codes;
 * must not know content.
 */
import { MessageFlags, Routes } from 'discord.js';
import type { BaseLogger } from 'pino';
import { DocentError } from '../../errors.ts';
import type { Reply } from '../contract.ts';
import { codes, isReferenceGone, nonceOf } from './channel-messages.ts';
import { type Calls, codeOf } from './rest.ts';

const mayNotWrite: ReadonlySet<number> = new Set([codes.missingAccess, codes.missingPermissions, codes.threadArchived]);
const nobodyLeft: ReadonlySet<number> = new Set([codes.unknownChannel, codes.cannotMessageUser]);

/** Wraps a reply: where the bot may not write, the asker is told so in private; where nobody is left, nothing is owed. */
export function withLastResort(
  reply: Reply,
  {
    calls,
    userId,
    channelId,
    id,
    log,
  }: {
    readonly calls: Calls;
    readonly userId: string;
    readonly channelId: string;
    readonly id: string;
    readonly log: Pick<BaseLogger, 'warn'>;
  },
): Reply {
  const tellInPrivate = async (): Promise<void> => {
    const direct = await calls.call<{ id: string }>({
      method: 'POST',
      route: Routes.userChannels(),
      body: { recipient_id: userId },
    });
    const { line } = new DocentError('SCOPE_MISSING', { platform: 'Discord', scope: 'Send Messages' });
    await calls.call({
      method: 'POST',
      route: Routes.channelMessages(direct.id),
      body: {
        content: `I may not write in <#${channelId}>, so I cannot answer you there. ${line}`,
        flags: MessageFlags.SuppressEmbeds,
        allowed_mentions: { parse: [] },
        nonce: nonceOf(`${id}:private`),
        enforce_nonce: true,
      },
    });
  };

  return {
    get target() {
      return reply.target;
    },
    progress: (text, actions) => reply.progress(text, actions),
    finish: async (content) => {
      try {
        await reply.finish(content);
      } catch (error) {
        if (isReferenceGone(error)) return;
        const code = codeOf(error);
        if (code === null || !(mayNotWrite.has(code) || nobodyLeft.has(code))) throw error;
        log.warn({ channel: channelId, code }, 'Discord does not take a reply in this channel');
        if (mayNotWrite.has(code))
          await tellInPrivate().catch((failure: unknown) => {
            if (codeOf(failure) === null) throw failure;
          });
      }
    },
  };
}
