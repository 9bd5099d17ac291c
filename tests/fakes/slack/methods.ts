/** The methods of the fake Web API, as a table. Knows the world; must not know HTTP. */
import type { FakeTeam } from './teams.ts';
import { botId, botUser, type FakeMessage, type World } from './world.ts';

export type Answer = Record<string, unknown>;
export type Methods = Readonly<Record<string, (parameters: Record<string, string>, team: FakeTeam) => Answer>>;

export const error = (code: string): Answer => ({ ok: false, error: code });
const inRange = (ts: string, { oldest = '0', latest = '9999999999' }: Record<string, string>): boolean =>
  Number(ts) >= Number(oldest) && Number(ts) <= Number(latest);

/** @param tellMessage sends the event of a message that the bot posted */
export function createMethods(world: World, tellMessage: (message: FakeMessage) => void): Methods {
  const { users, channels, messages, views, whispers, homes, suggested, sessionStates, uploads, sentFiles } = world;
  const { state, nextTs, nextId, channelJson, messageJson, teamOf } = world;
  return {
    'auth.test': (_, { id, name }) => ({
      ok: true,
      user_id: botUser,
      user: 'docent',
      bot_id: botId,
      team_id: id,
      team: name,
    }),
    'apps.connections.open': () => ({ ok: true, url: `${state.base.replace('http', 'ws')}/socket` }),
    'conversations.info': ({ channel }) => {
      const found = channels.get(channel!);
      return found ? { ok: true, channel: channelJson(found) } : error('channel_not_found');
    },
    'chat.getPermalink': ({ channel, message_ts: ts }) =>
      messages.some((one) => one.channel === channel && one.ts === ts)
        ? { ok: true, permalink: `https://acme.slack.com/archives/${channel}/p${ts!.replace('.', '')}` }
        : error('message_not_found'),
    'conversations.members': ({ channel }) => ({ ok: true, members: [...(channels.get(channel!)?.members ?? [])] }),
    'users.info': ({ user }) => (users.has(user!) ? { ok: true, user: users.get(user!) } : error('user_not_found')),
    'users.list': (_, team) => ({ ok: true, members: [...users.values()].filter((one) => one.team_id === team.id) }),
    'users.conversations': ({ user = botUser }, team) => ({
      ok: true,
      channels: [...channels.values()]
        .filter((one) => one.members.has(user) && one.members.has(botUser) && teamOf(one.id) === team.id)
        .map(channelJson),
    }),
    'conversations.history': (parameters) => ({
      ok: true,
      messages: messages
        .filter((one) => one.channel === parameters.channel && !one.thread_ts && inRange(one.ts, parameters))
        .map(messageJson)
        .reverse(),
    }),
    'conversations.replies': (parameters) => {
      const root = messages.find((one) => one.channel === parameters.channel && one.ts === parameters.ts);
      if (!root) return error('thread_not_found');
      const replies = messages.filter(
        (one) => one.channel === parameters.channel && one.thread_ts === root.ts && inRange(one.ts, parameters),
      );
      return { ok: true, messages: [root, ...replies].map(messageJson) };
    },
    'chat.postMessage': ({ channel, text, thread_ts, blocks, metadata }) => {
      if (!channels.has(channel!) && !users.has(channel!)) return error('channel_not_found');
      // A thread whose first message is gone: Slack posts into the channel instead. @see slack-go/slack#1571
      const hasThread = thread_ts && messages.some((one) => one.channel === channel && one.ts === thread_ts);
      const message: FakeMessage = {
        channel: channel!,
        ts: nextTs(),
        user: botUser,
        bot_id: botId,
        text: text ?? '',
        versions: [text ?? ''],
        ...(hasThread ? { thread_ts } : {}),
        ...(blocks ? { blocks: JSON.parse(blocks) } : {}),
        ...(metadata ? { metadata: JSON.parse(metadata) } : {}),
      };
      messages.push(message);
      tellMessage(message);
      return { ok: true, channel, ts: message.ts, message: messageJson(message) };
    },
    'chat.update': ({ channel, ts, text, blocks, metadata }) => {
      const message = messages.find((one) => one.channel === channel && one.ts === ts);
      if (!message) return error('message_not_found');
      message.text = text ?? '';
      message.versions.push(message.text);
      if (blocks) message.blocks = JSON.parse(blocks);
      if (metadata) message.metadata = JSON.parse(metadata);
      return { ok: true, channel, ts };
    },
    'chat.postEphemeral': ({ channel, user, text, blocks }) => {
      if (!channels.get(channel!)?.members.has(user!)) return error('user_not_in_channel');
      whispers.push({
        channel: channel!,
        user: user!,
        text: text ?? '',
        ...(blocks ? { blocks: JSON.parse(blocks) } : {}),
      });
      return { ok: true, message_ts: nextTs() };
    },
    'files.info': ({ file: id }) => {
      const file = messages.flatMap((one) => one.files ?? []).find((one) => one.id === id);
      return file ? { ok: true, file } : error('file_not_found');
    },
    'files.list': ({ channel, count = '100', page = '1' }) => {
      const shared = messages
        .filter((one) => one.channel === channel)
        .flatMap((one) => one.files ?? [])
        .reverse();
      const [size, at] = [Number(count), Number(page)];
      return {
        ok: true,
        files: shared.slice((at - 1) * size, at * size),
        paging: { count: size, total: shared.length, page: at, pages: Math.ceil(shared.length / size) },
      };
    },
    'files.getUploadURLExternal': ({ filename }) => {
      const id = `F${nextId()}`;
      return { ok: true, file_id: id, upload_url: `${state.base}/upload/${id}/${filename}` };
    },
    'files.completeUploadExternal': ({ files: list, channel_id: channel }) => {
      const sent = JSON.parse(list!) as { id: string; title: string }[];
      for (const { id, title } of sent) {
        if (!uploads.has(id)) return error('file_not_found');
        sentFiles.push({ channel: channel!, name: title, text: uploads.get(id)! });
      }
      return { ok: true };
    },
    'views.open': ({ trigger_id: trigger, view }) => {
      const id = `V${nextId()}`;
      views.push({ id, trigger: trigger!, view: JSON.parse(view!) });
      return { ok: true, view: { id } };
    },
    'views.publish': ({ user_id: user, view }) => {
      homes.set(user!, JSON.parse(view!));
      return { ok: true };
    },
    'agents.sessions.setStatus': ({ channel_id: channel, thread_ts: thread, status }) => {
      sessionStates.push(`${channel} ${thread} ${status}`);
      return { ok: true, status };
    },
    'assistant.threads.setSuggestedPrompts': ({ channel_id: channel, prompts }) => {
      suggested.set(channel!, JSON.parse(prompts!));
      return { ok: true };
    },
    'chat.delete': ({ channel, ts }) => {
      const at = messages.findIndex((one) => one.channel === channel && one.ts === ts);
      if (at < 0) return error('message_not_found');
      messages.splice(at, 1);
      return { ok: true };
    },
  };
}
