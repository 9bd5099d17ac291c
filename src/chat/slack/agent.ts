/**
 * What Slack shows of agents, where the app is declared as one (`agent_view` in the manifest, paid plans): “is working”
 * with a stop button, and questions to begin with. A courtesy: what goes wrong with it is logged.
 * @see https://docs.slack.dev/ai/agent-sessions/
 */
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import { codeOf, type SlackCalls } from './calls.ts';
import type { MessageTarget } from './targets.ts';

/** @see https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts */
const mostPrompts = 4;

export interface AgentSessions {
  /** A question waits: Slack shows so in its thread, with a button that comes back as `agent_session_stopped`. */
  busy(target: MessageTarget): void;
  /** @param isSure false: an earlier process may have said “busy” */
  idle(target: MessageTarget, options: { readonly isSure: boolean }): void;
  /** Pins questions to the top of a direct message. */
  suggest(channel: string, questions: readonly string[]): Promise<void>;
}

export function createAgentSessions({
  calls,
  isAgent,
  log,
}: {
  readonly calls: SlackCalls;
  /** Whether the app has the scope `assistant:write`, which comes with `agent_view`. */
  readonly isAgent: () => boolean;
  readonly log: Pick<BaseLogger, 'warn'>;
}): AgentSessions {
  const working = new Set<string>();
  const keyOf = ({ channel, thread }: MessageTarget): string => `${channel}:${thread}`;
  const failed = (error: unknown): void =>
    log.warn({ reason: codeOf(error) ?? reasonOf(error) }, 'Slack does not show the agent’s state');

  const set = ({ channel, thread }: MessageTarget, status: 'processing' | 'active'): Promise<unknown> =>
    calls.once('agents.sessions.setStatus', { channel_id: channel, thread_ts: thread, status });

  return {
    busy(target) {
      if (!isAgent() || !target.thread || working.has(keyOf(target))) return;
      working.add(keyOf(target));
      set(target, 'processing').catch(failed);
    },
    idle(target, { isSure }) {
      if (!isAgent() || !target.thread) return;
      if (!working.delete(keyOf(target)) && isSure) return;
      set(target, 'active').catch(failed);
    },
    async suggest(channel, questions) {
      if (!isAgent() || questions.length === 0) return;
      const prompts = questions.slice(0, mostPrompts).map((question) => ({ title: question, message: question }));
      await calls
        .call('assistant.threads.setSuggestedPrompts', { channel_id: channel, prompts: JSON.stringify(prompts) })
        .catch(failed);
    },
  };
}
