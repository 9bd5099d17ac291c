/** What people do in the fake Slack: write, share, press, edit, delete. */
import type { Delivery } from './delivery.ts';
import { botUser, type FakeChannel, type FakeMessage, type FakeUser, teamId, type World } from './world.ts';

export interface SayOptions {
  readonly thread?: string;
  readonly files?: readonly {
    readonly name: string;
    readonly content: string | Uint8Array;
    readonly mimetype?: string;
    /** `snippet`: pasted in Slack rather than uploaded. */
    readonly mode?: 'hosted' | 'snippet' | 'quip';
  }[];
  readonly atMs?: number;
  /** Which events tell of it; by default as Slack does. [] = the bot misses it. */
  readonly events?: readonly ('app_mention' | 'message')[];
}

export function createPeople(world: World, { deliver, event, tell }: Delivery) {
  const { channels, messages, files, state, nextTs, nextId, messageJson, teamOf, channelType } = world;
  return {
    say(channel: FakeChannel, user: FakeUser, text: string, options: SayOptions = {}): FakeMessage {
      const attached = (options.files ?? []).map(({ name, content, mimetype = 'text/markdown', mode = 'hosted' }) => {
        const id = `F${nextId()}`;
        const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
        files.set(`/files/${id}/${name}`, { content: bytes, mimetype });
        const address = `${state.base}/files/${id}/${name}`;
        const link = `https://acme.slack.com/files/${id}`;
        return {
          id,
          name,
          mimetype,
          size: bytes.byteLength,
          mode,
          created: Math.floor(Date.now() / 1000),
          url_private_download: address,
          permalink: link,
        };
      });
      const message: FakeMessage = {
        channel: channel.id,
        ts: nextTs(options.atMs),
        user: user.id,
        ...(user.is_bot ? { bot_id: `B${user.id}` } : {}),
        text,
        versions: [text],
        ...(options.thread ? { thread_ts: options.thread } : {}),
        ...(attached.length > 0 ? { files: attached, subtype: 'file_share' } : {}),
      };
      messages.push(message);
      const mentioned = text.includes(`<@${botUser}>`) && !channel.is_im;
      for (const name of options.events ?? (mentioned ? ['app_mention', 'message'] : ['message'])) tell(message, name);
      return message;
    },
    /** Somebody writes in a canvas, or puts another file in the place of this one. */
    changeFile(id: string, content: string): void {
      const path = [...files.keys()].find((one) => one.startsWith(`/files/${id}/`))!;
      files.set(path, { ...files.get(path)!, content: new TextEncoder().encode(content) });
      event({ type: 'file_change', file_id: id, file: { id } });
    },
    command(channel: FakeChannel, user: FakeUser, text: string): string {
      return deliver('slash_commands', {
        command: '/docent',
        text,
        team_id: teamOf(channel.id),
        channel_id: channel.id,
        channel_name: channel.name,
        user_id: user.id,
        trigger_id: `trigger-${nextId()}`,
        response_url: `${state.base}/response/${nextId()}`,
      });
    },
    /** Presses a feedback button of this message. */
    vote(message: FakeMessage, user: FakeUser, value: string): string {
      return deliver('interactive', {
        type: 'block_actions',
        team: { id: teamId },
        user: { id: user.id, team_id: teamId },
        channel: { id: message.channel },
        message: messageJson(message),
        container: { type: 'message', message_ts: message.ts, channel_id: message.channel },
        trigger_id: `trigger-${nextId()}`,
        response_url: `${state.base}/response/${nextId()}`,
        actions: [{ type: 'feedback_buttons', action_id: 'docent_vote', block_id: 'b', value, action_ts: nextTs() }],
      });
    },
    /** Chooses an entry of this message's menu. */
    shortcut(message: FakeMessage, user: FakeUser, callbackId: string): string {
      return deliver('interactive', {
        type: 'message_action',
        callback_id: callbackId,
        team: { id: teamId },
        user: { id: user.id, team_id: teamId },
        channel: { id: message.channel },
        message_ts: message.ts,
        message: messageJson(message),
        trigger_id: `trigger-${nextId()}`,
        response_url: `${state.base}/response/${nextId()}`,
      });
    },
    /** A person changes their message. */
    edit(message: FakeMessage, text: string): void {
      const before = messageJson(message);
      message.text = text;
      const type = channelType(channels.get(message.channel));
      event({
        type: 'message',
        subtype: 'message_changed',
        hidden: true,
        channel: message.channel,
        channel_type: type,
        ts: nextTs(),
        message: messageJson(message),
        previous_message: before,
      });
    },
    /** A person deletes their message. */
    remove(message: FakeMessage): void {
      const previous = messageJson(message);
      if (messages.some((one) => one.channel === message.channel && one.thread_ts === message.ts)) {
        // A thread keeps a stone in the place of its first message.
        Object.assign(message, {
          user: 'USLACKBOT',
          subtype: 'tombstone',
          text: 'This message was deleted.',
          files: [],
        });
        event({
          type: 'message',
          subtype: 'message_changed',
          hidden: true,
          channel: message.channel,
          channel_type: channelType(channels.get(message.channel)),
          ts: nextTs(),
          message: messageJson(message),
          previous_message: previous,
        });
        return;
      }
      messages.splice(messages.indexOf(message), 1);
      event({
        type: 'message',
        subtype: 'message_deleted',
        hidden: true,
        channel: message.channel,
        channel_type: channelType(channels.get(message.channel)),
        ts: nextTs(),
        deleted_ts: message.ts,
        previous_message: previous,
      });
    },
    /** Presses a button of something that only this person sees. */
    press(
      channel: FakeChannel,
      user: FakeUser,
      button: { readonly action_id: string; readonly value: string },
    ): string {
      return deliver('interactive', {
        type: 'block_actions',
        team: { id: teamId },
        user: { id: user.id, team_id: teamId },
        channel: { id: channel.id },
        container: { type: 'message', message_ts: nextTs(), channel_id: channel.id, is_ephemeral: true },
        trigger_id: `trigger-${nextId()}`,
        response_url: `${state.base}/response/${nextId()}`,
        actions: [{ type: 'button', block_id: 'b', action_ts: nextTs(), ...button }],
      });
    },
    /** Sends a form. @param values by block and action id, which are the same */
    submit({ id, view }: World['views'][number], user: FakeUser, values: Readonly<Record<string, string>>): string {
      return deliver('interactive', {
        type: 'view_submission',
        team: { id: teamId },
        user: { id: user.id, team_id: teamId },
        trigger_id: `trigger-${nextId()}`,
        view: {
          ...view,
          id,
          state: {
            values: Object.fromEntries(
              Object.entries(values).map(([name, value]) => [name, { [name]: { type: 'plain_text_input', value } }]),
            ),
          },
        },
      });
    },
  };
}
