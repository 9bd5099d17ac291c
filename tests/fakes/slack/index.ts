/**
 * A Slack for tests: Web API, Socket Mode and file host on one local port, spoken to by the real client. It keeps every
 * message that people would see, plays people, and misbehaves on request.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { agentScope, botScopes } from '../../../src/chat/slack/permissions.ts';
import { createTeams, type FakeTeam } from './teams.ts';

export interface FakeUser {
  readonly id: string;
  name: string;
  team_id: string;
  is_admin?: boolean;
  is_restricted?: boolean;
  is_stranger?: boolean;
  is_bot?: boolean;
}

export interface FakeChannel {
  readonly id: string;
  /** Its workspace, the first one where it is absent. */
  readonly team?: string;
  name: string;
  is_im?: boolean;
  is_mpim?: boolean;
  is_private?: boolean;
  is_ext_shared?: boolean;
  is_shared?: boolean;
  is_archived?: boolean;
  /** The other person of a direct message. */
  user?: string;
  readonly members: Set<string>;
}

export interface FakeMessage {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly thread_ts?: string;
  readonly bot_id?: string;
  readonly subtype?: string;
  readonly files?: readonly Record<string, unknown>[];
  text: string;
  blocks?: readonly Record<string, unknown>[];
  metadata?: unknown;
  /** Every text it has had, oldest first. */
  readonly versions: string[];
}

export type Misbehaviour =
  | { readonly how: 'rate-limit'; readonly retryAfterS: number }
  /** 500 without doing anything. */
  | { readonly how: 'fail-before' }
  /** Does it, then answers 500. */
  | { readonly how: 'fail-after' }
  | { readonly how: 'slow'; readonly ms: number }
  | { readonly how: 'refuse'; readonly error: string };

interface Stop {
  readonly method: string;
  readonly where: 'before' | 'inside' | 'after';
  readonly reached: () => void;
}

export interface SayOptions {
  readonly thread?: string;
  readonly files?: readonly {
    readonly name: string;
    readonly content: string | Uint8Array;
    readonly mimetype?: string;
    /** `snippet`: pasted in Slack rather than uploaded. */
    readonly mode?: 'hosted' | 'snippet';
  }[];
  readonly atMs?: number;
  /** Which events tell of it; by default as Slack does. [] = the bot misses it. */
  readonly events?: readonly ('app_mention' | 'message')[];
}

export const botUser = 'UBOT';
const botId = 'BBOT';
export const teamId = 'T1';

export async function startFakeSlack({ port = 0 }: { readonly port?: number } = {}) {
  const teams = createTeams({ id: teamId, name: 'Acme', token: 'xoxb-fake' });
  const first = teams.all.get(teamId)!;
  const users = new Map<string, FakeUser>();
  const channels = new Map<string, FakeChannel>();
  const messages: FakeMessage[] = [];
  const files = new Map<string, { readonly content: Uint8Array; readonly mimetype: string }>();
  /** Forms that the bot opened, oldest first. */
  const views: { readonly id: string; readonly trigger: string; readonly view: Record<string, unknown> }[] = [];
  /** What single people were shown. */
  const whispers: {
    readonly channel: string;
    readonly user: string;
    readonly text: string;
    readonly blocks?: readonly Record<string, unknown>[];
  }[] = [];
  /** Bytes that the bot uploaded, and those of them that people see. */
  /** Home tabs and suggested prompts as people see them, and every state that a session had. */
  const homes = new Map<string, Record<string, unknown>>();
  const suggested = new Map<string, readonly { readonly message: string }[]>();
  const sessionStates: string[] = [];
  const uploads = new Map<string, string>();
  const sentFiles: { readonly channel: string; readonly name: string; readonly text: string }[] = [];
  /** What commands were answered, in order. */
  const responses: Record<string, unknown>[] = [];
  const calls: { readonly method: string; readonly parameters: Record<string, string> }[] = [];
  const rules: { readonly method: string; readonly misbehaviour: Misbehaviour; times: number }[] = [];
  const stops: Stop[] = [];
  const sockets = new Set<WebSocket>();
  const unacknowledged = new Map<string, { readonly type: string; readonly payload: object }>();
  const acknowledged = new Set<string>();
  const state = {
    base: '',
    scopes: [...Object.keys(botScopes), agentScope],
    loginPage: false,
    redirect: '',
    /** Who is at the browser when the app is installed, and where Slack sends them afterwards. */
    installs: teamId,
    redirectUrl: '',
    /** HTTP mode: where requests go, and the secret that they are signed with. */
    requestUrl: '',
    signingSecret: 'fake-signing-secret',
  };
  let counter = 0;
  let lastTs = 0;

  const nextTs = (atMs = Date.now()): string => {
    const ts = Math.max(atMs * 1000, atMs >= Date.now() - 1000 ? lastTs + 1 : 0);
    lastTs = Math.max(lastTs, ts);
    return (ts / 1e6).toFixed(6);
  };

  const addUser = (id: string, given: Partial<FakeUser> = {}): FakeUser => {
    const user = { id, name: id.toLowerCase(), team_id: teamId, ...given };
    users.set(id, user);
    return user;
  };
  const addChannel = (id: string, given: Partial<FakeChannel> = {}, members: readonly string[] = []): FakeChannel => {
    const channel = { id, name: id.toLowerCase(), ...given, members: new Set([botUser, ...members]) };
    channels.set(id, channel);
    return channel;
  };
  addUser(botUser, { name: 'docent', is_bot: true });

  const channelJson = ({ members: _members, ...rest }: FakeChannel) => ({ ...rest, is_member: true });
  const messageJson = ({ versions: _versions, channel: _channel, ...rest }: FakeMessage) => ({
    type: 'message',
    ...rest,
    ...(rest.thread_ts === undefined && messages.some((one) => one.thread_ts === rest.ts)
      ? {
          reply_count: messages.filter((one) => one.thread_ts === rest.ts).length,
          latest_reply: messages.filter((one) => one.thread_ts === rest.ts).at(-1)!.ts,
        }
      : {}),
  });

  type Answer = Record<string, unknown>;
  const error = (code: string): Answer => ({ ok: false, error: code });
  const inRange = (ts: string, { oldest = '0', latest = '9999999999' }: Record<string, string>): boolean =>
    Number(ts) >= Number(oldest) && Number(ts) <= Number(latest);

  const teamOf = (channel: unknown): string => channels.get(String(channel))?.team ?? teamId;
  const methods: Record<string, (parameters: Record<string, string>, team: FakeTeam) => Answer> = {
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
      const id = `F${++counter}`;
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
      const id = `V${++counter}`;
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

  const send = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

  const bodyOf = async (request: IncomingMessage): Promise<string> => {
    let body = '';
    for await (const chunk of request) body += chunk;
    return body;
  };

  const serveCall = async (method: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parameters = Object.fromEntries(new URLSearchParams(await bodyOf(request)));
    calls.push({ method, parameters });
    const token = (request.headers.authorization ?? `Bearer ${parameters.token ?? ''}`).replace('Bearer ', '');
    if (method === 'oauth.v2.access')
      return void send(response, 200, teams.access(parameters, state.scopes.join(','), botUser));
    const team = teams.ofToken(token) ?? (method === 'apps.connections.open' && token === 'xapp-fake' ? first : null);
    if (!team || (method === 'apps.connections.open') !== (token === 'xapp-fake'))
      return void send(response, 200, error('invalid_auth'));
    if (channels.has(parameters.channel ?? '') && teamOf(parameters.channel) !== team.id)
      return void send(response, 200, error('channel_not_found'));
    const stopAt = stops.findIndex((one) => one.method === method);
    const stop = stopAt < 0 ? null : stops.splice(stopAt, 1)[0]!;
    if (stop?.where === 'before') return stop.reached();
    const rule = rules.find((one) => one.times > 0 && one.method === method);
    if (rule) rule.times--;
    const misbehaviour = rule?.misbehaviour;
    if (misbehaviour?.how === 'rate-limit')
      return void send(response, 429, error('ratelimited'), { 'retry-after': String(misbehaviour.retryAfterS) });
    if (misbehaviour?.how === 'fail-before') return void send(response, 500, 'oops');
    if (misbehaviour?.how === 'refuse') return void send(response, 200, error(misbehaviour.error));
    if (misbehaviour?.how === 'slow') await new Promise((resolve) => setTimeout(resolve, misbehaviour.ms));
    const answer = methods[method]?.(parameters, team) ?? error('unknown_method');
    if (stop?.where === 'inside') return stop.reached();
    if (misbehaviour?.how === 'fail-after') return void send(response, 500, 'oops');
    send(response, 200, answer, { 'x-oauth-scopes': state.scopes.join(',') });
    if (stop?.where === 'after') stop.reached();
  };

  const serveFile = (path: string, request: IncomingMessage, response: ServerResponse): void => {
    if (state.redirect) return void response.writeHead(302, { location: state.redirect }).end();
    const file = files.get(path);
    if (state.loginPage || !teams.ofToken((request.headers.authorization ?? '').replace('Bearer ', '')))
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in to Acme</html>');
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.mimetype }).end(file.content);
  };

  const server = createServer((request, response) => {
    const address = new URL(request.url!, 'http://x');
    const path = address.pathname;
    if (path === '/oauth/v2/authorize')
      return teams.allow(address, teams.all.get(state.installs)!, state.redirectUrl, response);
    if (path.startsWith('/api/'))
      serveCall(path.slice(5), request, response).catch((thrown: unknown) =>
        response.writeHead(599).end(String(thrown)),
      );
    else if (path.startsWith('/files/')) serveFile(path, request, response);
    else if (path.startsWith('/upload/'))
      void bodyOf(request).then((body) => {
        uploads.set(path.split('/')[2]!, body);
        response.end('ok');
      });
    else if (path.startsWith('/response/'))
      void bodyOf(request).then((body) => {
        responses.push(JSON.parse(body));
        response.end('ok');
      });
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  state.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const socketServer = new WebSocketServer({ server, path: '/socket' });
  socketServer.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('message', (data) => {
      const { envelope_id: id } = JSON.parse(String(data)) as { envelope_id: string };
      acknowledged.add(id);
      unacknowledged.delete(id);
    });
    socket.send(JSON.stringify({ type: 'hello', num_connections: sockets.size, connection_info: { app_id: 'A1' } }));
    // What nobody acknowledged is sent again.
    for (const envelope of unacknowledged.values()) socket.send(JSON.stringify({ ...envelope, retry_attempt: 1 }));
  });

  /** HTTP mode. @see https://docs.slack.dev/authentication/verifying-requests-from-slack */
  const post = async (id: string, type: string, payload: object, retry = 0): Promise<number> => {
    const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
    const body =
      type === 'events_api'
        ? JSON.stringify(payload)
        : form(type === 'interactive' ? { payload: JSON.stringify(payload) } : (payload as Record<string, string>));
    const timestamp = Math.floor(Date.now() / 1000);
    const digest = createHmac('sha256', state.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    const response = await fetch(state.requestUrl, {
      method: 'POST',
      headers: {
        'content-type': type === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': String(timestamp),
        'x-slack-signature': `v0=${digest}`,
        ...(retry > 0 ? { 'x-slack-retry-num': String(retry), 'x-slack-retry-reason': 'http_error' } : {}),
      },
      body,
    }).catch(() => null);
    if (response?.status === 200) {
      acknowledged.add(id);
      unacknowledged.delete(id);
    }
    return response?.status ?? 0;
  };

  /** Sends an envelope and keeps it until it is acknowledged. @returns its id */
  const deliver = (type: 'events_api' | 'slash_commands' | 'interactive', payload: object): string => {
    const id = `env-${++counter}`;
    const envelope = { envelope_id: id, type, payload, accepts_response_payload: type !== 'events_api' };
    unacknowledged.set(id, envelope);
    if (state.requestUrl) void post(id, type, payload);
    for (const socket of [...sockets].slice(0, 1)) socket.send(JSON.stringify(envelope));
    return id;
  };
  const event = (body: Record<string, unknown>): string =>
    deliver('events_api', {
      type: 'event_callback',
      team_id: teamOf(body.channel),
      api_app_id: 'A1',
      event_id: `Ev${++counter}`,
      authorizations: [{ team_id: body.team ?? teamOf(body.channel), user_id: botUser, is_bot: true }],
      event: { event_ts: nextTs(), ...body },
    });

  const channelType = (channel?: FakeChannel): string =>
    channel?.is_im ? 'im' : channel?.is_mpim ? 'mpim' : channel?.is_private ? 'group' : 'channel';
  function tellMessage(message: FakeMessage): void {
    const type = channelType(channels.get(message.channel));
    event({ ...messageJson(message), channel: message.channel, channel_type: type });
  }

  /** One of the two events of a message; mentions come without their files. */
  const tell = (message: FakeMessage, name: 'app_mention' | 'message'): void => {
    const { files: _files, subtype: _subtype, ...bare } = messageJson(message);
    if (name === 'message') tellMessage(message);
    else event({ ...bare, type: 'app_mention', channel: message.channel });
  };

  return {
    addTeam: teams.add,
    users,
    channels,
    messages,
    responses,
    views,
    homes,
    suggested,
    sessionStates,
    whispers,
    sentFiles,
    calls,
    state,
    addUser,
    addChannel,
    deliver,
    event,
    tell,
    acknowledged,
    unacknowledged,
    /** HTTP mode: what was not acknowledged is sent again, as Slack does after some time. */
    async sendAgain(): Promise<void> {
      for (const [id, { type, payload }] of [...unacknowledged]) await post(id, type, payload, 1);
    },
    environment: {
      SLACK_API_URL: `${state.base}/api/`,
      SLACK_BOT_TOKEN: 'xoxb-fake',
      SLACK_APP_TOKEN: 'xapp-fake',
    },
    say(channel: FakeChannel, user: FakeUser, text: string, options: SayOptions = {}): FakeMessage {
      const attached = (options.files ?? []).map(({ name, content, mimetype = 'text/markdown', mode = 'hosted' }) => {
        const id = `F${++counter}`;
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
    command(channel: FakeChannel, user: FakeUser, text: string): string {
      return deliver('slash_commands', {
        command: '/docent',
        text,
        team_id: teamOf(channel.id),
        channel_id: channel.id,
        channel_name: channel.name,
        user_id: user.id,
        trigger_id: `trigger-${++counter}`,
        response_url: `${state.base}/response/${counter}`,
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
        trigger_id: `trigger-${++counter}`,
        response_url: `${state.base}/response/${counter}`,
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
        trigger_id: `trigger-${++counter}`,
        response_url: `${state.base}/response/${counter}`,
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
        trigger_id: `trigger-${++counter}`,
        response_url: `${state.base}/response/${counter}`,
        actions: [{ type: 'button', block_id: 'b', action_ts: nextTs(), ...button }],
      });
    },
    /** Sends a form. @param values by block and action id, which are the same */
    submit({ id, view }: (typeof views)[number], user: FakeUser, values: Readonly<Record<string, string>>): string {
      return deliver('interactive', {
        type: 'view_submission',
        team: { id: teamId },
        user: { id: user.id, team_id: teamId },
        trigger_id: `trigger-${++counter}`,
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
    misbehave(method: string, misbehaviour: Misbehaviour, times = 1): void {
      rules.push({ method, misbehaviour, times });
    },
    /**
     * Resolves when the next such call is there (before: nothing done, never answered; inside: done, never answered;
     * after: done and answered). For killing the caller at that point.
     */
    stopAt: (where: Stop['where'], method: string): Promise<void> =>
      new Promise((reached) => stops.push({ where, method, reached })),
    disconnect(): void {
      for (const socket of sockets) socket.terminate();
    },
    /** What the bot says in a channel. */
    said: (channelId: string): readonly FakeMessage[] =>
      messages.filter((one) => one.channel === channelId && one.user === botUser),
    async close(): Promise<void> {
      for (const socket of sockets) socket.terminate();
      socketServer.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type FakeSlack = Awaited<ReturnType<typeof startFakeSlack>>;
