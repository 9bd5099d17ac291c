/** A message of its own that answers nobody, such as a hello. Knows how it is found again; must not know its content. */
import { type ChannelMessages, codes, nonceOf } from './channel-messages.ts';
import type { Surface } from './reply.ts';
import { codeOf } from './rest.ts';
import type { PostTarget } from './targets.ts';

export function createPostSurface({
  target: stored,
  id,
  boot,
  messages,
}: {
  readonly target: PostTarget;
  readonly id: string;
  readonly boot: string;
  readonly messages: ChannelMessages;
}): Surface {
  let target = stored;
  const { channelId, after } = target;
  /** Everything else that the bot says answers a message or an interaction. */
  const find = () =>
    messages.findOwn(channelId, after, (message) => !message.message_reference && !message.interaction_metadata);

  return {
    get target() {
      return target;
    },
    thread: target.thread,
    heading: () => '',
    show: async (render) => {
      const known = target.replyId ?? (target.boot === boot ? undefined : (await find())?.id);
      if (known) {
        try {
          await messages.edit(channelId, known, render());
          target = { ...target, replyId: known };
          return;
        } catch (error) {
          if (codeOf(error) !== codes.unknownMessage) throw error;
        }
      }
      const { id: replyId } = await messages.post(channelId, render(), { nonce: nonceOf(id), find });
      target = { ...target, replyId };
    },
  };
}
