/**
 * Replies that one person sees: to commands, forms and buttons. Knows Slack's ways to whisper; must not know what is said.
 */
import type { BaseLogger } from 'pino';
import { DocentError, isDocentError, reasonOf } from '../../errors.ts';
import type { Reply, ReplyContent } from '../contract.ts';
import { codeOf, type SlackCalls, tokenCodes, unreachable } from './calls.ts';
import { sendDirectFile } from './direct-file.ts';
import { renderReply, toMrkdwn } from './render.ts';
import type { CommandTarget, WhisperTarget } from './targets.ts';

export interface PrivateReplies {
  toCommand(target: CommandTarget): Reply;
  whisper(target: WhisperTarget): Reply;
}

export function createPrivateReplies({
  calls,
  log,
}: {
  readonly calls: SlackCalls;
  readonly log: Pick<BaseLogger, 'warn'>;
}): PrivateReplies {
  /** What is left to say in the channel once the file is on its way, or why it is not. */
  const withFileSent = async (target: CommandTarget, final: ReplyContent): Promise<ReplyContent> => {
    if (!final.attachment) return final;
    try {
      await sendDirectFile(calls, target.user, toMrkdwn(final.text), final.attachment);
      return { ...final, text: 'I sent it to you as a direct message.' };
    } catch (error) {
      if (isDocentError(error, 'PLATFORM_UNREACHABLE')) throw error;
      log.warn({ reason: reasonOf(error) }, 'Slack file not sent');
      const known =
        codeOf(error) === 'missing_scope'
          ? new DocentError('SCOPE_MISSING', { platform: 'Slack', scope: 'files:write' })
          : new DocentError('BAD_REQUEST', { reason: `Slack does not take the file: ${reasonOf(error)}` });
      return { ...final, text: known.line, tone: 'error' };
    }
  };

  /** Commands are answered to the one who typed them, through an address that Slack gave for half an hour. */
  const commandReply = (target: CommandTarget): Reply => ({
    target,
    progress: async () => undefined,
    async finish(final) {
      const { text, blocks } = renderReply(await withFileSent(target, final));
      const response = await fetch(target.responseUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ response_type: 'ephemeral', text, blocks, unfurl_links: false }),
        redirect: 'error',
      }).catch((error: unknown) => {
        throw unreachable(error);
      });
      await response.body?.cancel();
      if (response.status >= 500 || response.status === 429) throw unreachable(new Error(`HTTP ${response.status}`));
      if (!response.ok) throw new DocentError('BAD_REQUEST', { reason: `Slack refuses the reply: ${response.status}` });
    },
  });

  /** Where one person of a channel reads it, and where the bot may not write there, in a direct message. */
  const whisper = (target: WhisperTarget): Reply => ({
    target,
    progress: async () => undefined,
    async finish(final) {
      const { channel, thread, user } = target;
      const { text, blocks } = renderReply(final);
      try {
        await calls.call('chat.postEphemeral', { channel, thread_ts: thread, user, text, blocks });
      } catch (error) {
        if (codeOf(error) === null || tokenCodes.has(codeOf(error) ?? '')) throw unreachable(error);
        await calls.call('chat.postMessage', { channel: user, text, blocks, unfurl_links: false });
      }
    },
  });

  return { toCommand: commandReply, whisper };
}
