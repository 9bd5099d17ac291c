/**
 * The reply to a slash command: the deferred response, edited; a message of its own once the token has expired. Knows
 * interaction tokens; must not know content.
 */
import { type APIMessage, MessageFlags, Routes } from 'discord.js';
import type { Acknowledgement } from './acknowledgements.ts';
import { type ChannelMessages, codes, nonceOf } from './channel-messages.ts';
import { textOf } from './render.ts';
import type { Surface } from './reply.ts';
import { type Calls, codeOf, statusOf } from './rest.ts';
import type { InteractionTarget } from './targets.ts';

/** Tokens live 15 minutes; the last half minute is left to clocks and retries. */
const tokenLifetimeMs = 14.5 * 60_000;
/** @see https://discord.com/developers/docs/reference#snowflakes */
const discordEpochMs = 1_420_070_400_000;

export const timeOf = (snowflake: string): number => Number(BigInt(snowflake) >> 22n) + discordEpochMs;
export const snowflakeAt = (timeMs: number): string =>
  (BigInt(Math.max(0, Math.floor(timeMs) - discordEpochMs)) << 22n).toString();

/** Discord no longer takes this token (or never took it: the process died before it was acknowledged). */
const isTokenGone = (error: unknown): boolean => {
  const code = codeOf(error);
  return (
    code === codes.unknownWebhook ||
    code === codes.invalidWebhookToken ||
    code === codes.unknownMessage ||
    code === codes.unknownInteraction ||
    (code === null && (statusOf(error) === 404 || statusOf(error) === 401))
  );
};

export function createInteractionSurface({
  target: stored,
  id,
  boot,
  calls,
  messages,
  acknowledged,
  now = Date.now,
}: {
  readonly target: InteractionTarget;
  readonly id: string;
  readonly boot: string;
  readonly calls: Calls;
  readonly messages: ChannelMessages;
  /** The deferral under way in this process; undefined after a restart. */
  readonly acknowledged: Promise<Acknowledgement> | undefined;
  readonly now?: () => number;
}): Surface {
  let target = stored;
  const { interactionId, guildId, userId } = target;
  let isLate = target.late !== undefined;
  const questionLink = `https://discord.com/channels/${guildId ?? '@me'}/${target.channelId}/${interactionId}`;
  // The link tells people what is answered, and a later process that it is answered.
  const heading = () => (isLate ? `-# ↩ [/${target.command}](${questionLink}) · <@${userId}>` : '');

  const editOriginal = async (render: Parameters<Surface['show']>[0]): Promise<boolean> => {
    const ack = await acknowledged;
    if (ack?.messageId) target = { ...target, replyId: ack.messageId };
    if (ack?.ok === false || now() - timeOf(interactionId) > tokenLifetimeMs) return false;
    const { files, ...body } = render();
    try {
      const message = await calls.call<APIMessage>({
        method: 'PATCH',
        route: Routes.webhookMessage(target.applicationId, target.token, '@original'),
        body,
        files,
        auth: false,
      });
      target = { ...target, replyId: message.id };
      return true;
    } catch (error) {
      if (!isTokenGone(error)) throw error;
      return false;
    }
  };

  /** The response is a channel message like any other, and can be edited as one, unless only one person sees it. */
  const editAsMessage = async (render: Parameters<Surface['show']>[0]): Promise<boolean> => {
    if (target.ephemeral) return false;
    const message = target.replyId
      ? await messages.get(target.channelId, target.replyId)
      : await messages.findOwn(
          target.channelId,
          interactionId,
          (candidate) => candidate.interaction_metadata?.id === interactionId,
        );
    // One that still says “is thinking” has failed for good in people's eyes.
    if (!message || (message.flags ?? 0) & MessageFlags.Loading) return false;
    target = { ...target, replyId: message.id };
    return messages.edit(target.channelId, message.id, render()).then(
      () => true,
      (error: unknown) => {
        if (codeOf(error) === null) throw error;
        return false;
      },
    );
  };

  const channelForLate = async (): Promise<string> => {
    if (!target.ephemeral) return target.channelId;
    const direct = await calls.call<{ id: string }>({
      method: 'POST',
      route: Routes.userChannels(),
      body: { recipient_id: userId },
    });
    return direct.id;
  };

  const showLate = async (render: Parameters<Surface['show']>[0]): Promise<void> => {
    if (target.late) return messages.edit(target.late.channelId, target.late.messageId, render());
    const channelId = await channelForLate();
    const find = () =>
      messages.findOwn(channelId, interactionId, (message) => textOf(message).includes(`(${questionLink})`));
    const found = target.boot === boot ? null : await find();
    const posted = found ?? (await messages.post(channelId, render(), { nonce: nonceOf(id), find }));
    target = { ...target, late: { channelId, messageId: posted.id } };
    if (found) await messages.edit(channelId, found.id, render());
  };

  return {
    get target() {
      return target;
    },
    thread: target.thread,
    heading,
    show: async (render) => {
      if (!isLate) {
        if (await editOriginal(render)) return;
        if (await editAsMessage(render)) return;
        isLate = true;
      }
      await showLate(render);
    },
  };
}
