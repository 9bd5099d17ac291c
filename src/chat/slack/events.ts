/** Which of Slack's events, commands and buttons Docent hears, and what each one becomes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '@slack/bolt';
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import type { ChatHandlers } from '../contract.ts';
import type { AgentSessions } from './agent.ts';
import type { SlackCalls } from './calls.ts';
import { correctionForm, correctionView, readCorrection } from './correction-form.ts';
import type { Directory } from './directory.ts';
import { type Files, fileKey, isGone } from './files.ts';
import { homeView } from './home.ts';
import type { Inbound, MessageShortcut } from './inbound.ts';
import { createPauses } from './pauses.ts';
import { commandName, type messageShortcuts } from './permissions.ts';
import { parsePress, parseVote, pressAction, voteAction } from './render.ts';
import type { WhisperTarget } from './targets.ts';
import { createTwins } from './twins.ts';
import type { SlackCommand, SlackConversation, SlackFile, SlackMessage } from './wire.ts';

interface Listening {
  readonly sessions: AgentSessions;
  readonly calls: SlackCalls;
  readonly directory: Directory;
  readonly inbound: Inbound;
  readonly files: Files;
  readonly handlers: ChatHandlers;
  readonly fileSettleMs: number | undefined;
  /** The workspace removed the app. */
  readonly onLeft: () => Promise<void>;
  /** How long the second event of a mention is waited for. */
  readonly twinWaitMs: number | undefined;
  readonly log: Pick<BaseLogger, 'warn'>;
}

const acknowledgeWithinMs = 2_000;
/** Without a change for so long, a file is read again. */
const defaultFileSettleMs = 20_000;

/** A button's payload, as far as it is read here. @see https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */
interface Interaction {
  readonly channel?: { readonly id: string };
  /** Absent where only one person saw the message. */
  readonly message?: SlackMessage;
  readonly container?: { readonly message_ts: string; readonly thread_ts?: string; readonly is_ephemeral?: boolean };
  readonly user: { readonly id: string };
  readonly trigger_id: string;
  readonly response_url: string;
}

/** @see https://docs.slack.dev/reference/events/agent_session_stopped */
interface AgentSessionStopped {
  readonly channel: string;
  readonly thread_ts: string;
  readonly user: string;
}

/** After these a channel may have another name, or be open no longer. */
const channelEvents = [
  'channel_rename',
  'channel_archive',
  'channel_unarchive',
  'channel_shared',
  'channel_unshared',
  'group_rename',
  'group_archive',
  'group_unarchive',
] as const;

/** Registers every listener. A failing one makes the receiver not acknowledge, and Slack sends the event again. */
export function listen(
  app: App,
  {
    sessions,
    calls,
    directory,
    inbound,
    files,
    handlers,
    twinWaitMs,
    fileSettleMs = defaultFileSettleMs,
    onLeft,
    log,
  }: Listening,
): void {
  const { workspace } = directory;
  const placeOf = { platform: 'slack', workspace } as const;

  const channelChanged = async (channelId: string): Promise<void> => {
    directory.forgetChannel(channelId);
    const { channel } = await directory.place(channelId, '');
    await handlers.channelChanged({ ...placeOf, channel });
  };

  const handle = async (event: SlackMessage): Promise<void> => {
    const incoming = await inbound.message(event, (place) => handlers.isOwnThread(place));
    if (incoming) await handlers.message(incoming);
  };

  const reread = async ({ channel, ts, thread_ts }: SlackMessage): Promise<SlackMessage | null> => {
    try {
      const range = { channel, latest: ts, oldest: ts, inclusive: true, limit: 1 };
      const { messages } = thread_ts
        ? await calls.call<{ messages: SlackMessage[] }>('conversations.replies', {
            ...range,
            ts: thread_ts,
            limit: 2,
          })
        : await calls.call<{ messages: SlackMessage[] }>('conversations.history', range);
      return messages.find((message) => message.ts === ts) ?? null;
    } catch (error) {
      log.warn({ channel, reason: reasonOf(error) }, 'mention could not be read again');
      return null;
    }
  };
  const openForm = async (trigger: string, subject: Parameters<typeof correctionView>[0]): Promise<void> => {
    await calls
      .once('views.open', { trigger_id: trigger, view: correctionView(subject) })
      .catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'Slack form not opened'));
  };

  /** Slack shows an error where a press is not acknowledged in 3 s, and never sends it again. */
  const inTime = (work: Promise<unknown>): Promise<unknown> =>
    Promise.race([
      work.catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'Slack press not handled')),
      sleep(acknowledgeWithinMs, undefined, { ref: false }),
    ]);

  /** Canvases tell of every few words: what counts is what stands there when the writer pauses. */
  const changes = createPauses(fileSettleMs, log, async (id) => {
    const { file } = await calls.call<{ file: SlackFile }>('files.info', { file: id });
    if (!isGone(file)) await handlers.fileChanged(files.fileOf(file));
  });
  const twins = createTwins({ reread, handle, waitMs: twinWaitMs });

  app.event('app_mention', ({ event }) => twins.mention(event as unknown as SlackMessage));
  app.event('message', async ({ event }) => {
    const message = event as unknown as SlackMessage;
    // The first message of a thread is not deleted but changed, into a stone.
    const isStone = message.message?.subtype === 'tombstone';
    if (message.subtype === 'message_deleted' || isStone) {
      for (const file of message.previous_message?.files ?? [])
        await handlers.fileDeleted(placeOf, fileKey(workspace.externalId, file.id));
      const ts = message.deleted_ts ?? message.message?.ts;
      if (ts) await handlers.fileDeleted(placeOf, inbound.key({ channel: message.channel, ts }));
      return;
    }
    if (message.subtype === 'message_changed') {
      const { message: now, previous_message: before, channel } = message;
      if (!now) return;
      const kept = new Set((now.files ?? []).filter((file) => !isGone(file)).map(({ id }) => id));
      for (const file of before?.files ?? [])
        if (!kept.has(file.id)) await handlers.fileDeleted(placeOf, fileKey(workspace.externalId, file.id));
      return handlers.messageEdited(inbound.key({ channel, ts: now.ts }), await inbound.textOf(now));
    }
    if (/^channel_(convert_to_private|convert_to_public|posting_permissions)$/.test(message.subtype ?? ''))
      return channelChanged(message.channel);
    await twins.message(message);
  });
  app.event('app_home_opened', async ({ event: { channel, user, tab } }) => {
    const [place, person] = await Promise.all([directory.place(channel, ''), directory.person(user)]);
    const home = await handlers.home(place, person);
    if (tab === 'home') await calls.call('views.publish', { user_id: user, view: homeView(home) });
    else await sessions.suggest(channel, home.examples);
  });
  app.event('agent_session_stopped', async ({ event }) => {
    const { channel, thread_ts: thread, user } = event as unknown as AgentSessionStopped;
    const [place, person] = await Promise.all([directory.place(channel, thread), directory.person(user)]);
    await handlers.stop({ key: inbound.key({ channel, ts: thread }), place, person });
  });
  const left = async (): Promise<void> => {
    await handlers.workspaceLeft(placeOf);
    await onLeft();
  };
  app.event('app_uninstalled', left);
  app.event('tokens_revoked', async ({ event }) => {
    if ((event.tokens.bot ?? []).length > 0) await left();
  });
  app.event('file_change', async ({ event }) => changes.touch(event.file_id));
  app.event('file_deleted', ({ event }) => handlers.fileDeleted(placeOf, fileKey(workspace.externalId, event.file_id)));
  for (const name of ['member_joined_channel', 'member_left_channel'] as const)
    app.event(name, async ({ event }) => {
      directory.forgetMembership(event.channel, event.user);
      if (name !== 'member_joined_channel' || !inbound.isSelf(event.user)) return;
      directory.forgetChannel(event.channel);
      await handlers.joined({
        key: inbound.keyOf(`joined:${event.channel}:${event.event_ts}`),
        why: 'joined',
        place: await directory.place(event.channel, ''),
        target: inbound.threadTarget(event.channel, '', (event as { inviter?: string }).inviter ?? ''),
      });
    });
  for (const name of channelEvents)
    app.event(name, ({ event }) => {
      const { channel } = event as unknown as { channel: string | SlackConversation };
      return channelChanged(typeof channel === 'string' ? channel : channel.id);
    });

  app.command(commandName, async ({ command, ack }) => {
    await handlers.command(await inbound.command(command as unknown as SlackCommand));
    await ack();
  });
  const onShortcut = (id: keyof typeof messageShortcuts, take: (shortcut: MessageShortcut) => Promise<void>) =>
    app.shortcut({ type: 'message_action', callback_id: id }, async ({ body, ack }) => {
      const { channel, message, user, trigger_id: triggerId } = body as unknown as Required<Interaction>;
      const permalink = await calls
        .call<{ permalink?: string }>('chat.getPermalink', { channel: channel.id, message_ts: message.ts })
        .then(({ permalink: address }) => address ?? null)
        .catch(() => null);
      await inTime(take({ message: { ...message, channel: channel.id }, userId: user.id, triggerId, permalink }));
      await ack();
    });
  onShortcut('docent_ask', async (shortcut) => handlers.message(await inbound.askAbout(shortcut)));
  onShortcut('docent_teach', async (shortcut) => handlers.teach(await inbound.teach(shortcut)));
  app.action(voteAction, async ({ body, action, ack }) => {
    const vote = parseVote((action as unknown as { value?: string }).value ?? '');
    const { channel, message, user, trigger_id: trigger } = body as unknown as Interaction;
    if (vote && channel && message) {
      const thread = message.thread_ts ?? message.ts;
      // A trigger is good for 3 s: the form opens first.
      if (vote.vote < 0) await openForm(trigger, { answerId: vote.answerId, channel: channel.id, thread });
      const place = await directory.place(channel.id, thread);
      await handlers.feedback({ ...vote, place, person: await directory.person(user.id) });
    }
    await ack();
  });
  app.view(correctionForm, async ({ body, view, ack }) => {
    const { channel, thread, ...words } = readCorrection(view);
    const user = body.user.id;
    const target: WhisperTarget = {
      platform: 'slack',
      kind: 'whisper',
      team: workspace.externalId,
      channel,
      thread,
      user,
    };
    await inTime(
      Promise.all([directory.place(channel, thread), directory.person(user)]).then(([place, person]) =>
        handlers.correct({ key: inbound.keyOf(`form:${view.id}`), ...words, place, person, target }),
      ),
    );
    await ack();
  });
  app.action(new RegExp(`^${pressAction}:`), async ({ body, action, ack }) => {
    const press = parsePress((action as unknown as { value?: string }).value ?? '');
    const { channel, container, user, trigger_id: trigger, response_url: responseUrl } = body as unknown as Interaction;
    if (press && channel && container) {
      // What only one person sees has no thread: the reply stands in the channel.
      const thread = container.thread_ts ?? (container.is_ephemeral ? '' : container.message_ts);
      const [place, person] = await Promise.all([directory.place(channel.id, thread), directory.person(user.id)]);
      const target =
        press.kind === 'teach'
          ? inbound.threadTarget(channel.id, thread, user.id)
          : ({ platform: 'slack', kind: 'command', team: workspace.externalId, responseUrl, user: user.id } as const);
      await inTime(handlers.press({ key: inbound.keyOf(`press:${trigger}`), action: press, place, person, target }));
    }
    await ack();
  });
  // Thrown on: the receiver then does not acknowledge, and Slack sends the event again.
  app.error(async (error) => {
    throw error;
  });
}
