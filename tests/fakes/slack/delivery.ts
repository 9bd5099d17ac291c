/** How the fake Slack tells the app of something: over its socket, or by signed posts; again until it is acknowledged. */
import { createHmac } from 'node:crypto';
import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { botUser, type FakeMessage, type World } from './world.ts';

export function createDelivery(world: World, server: Server) {
  const { channels, state, nextTs, nextId, messageJson, teamOf, channelType } = world;
  const sockets = new Set<WebSocket>();
  const unacknowledged = new Map<string, { readonly type: string; readonly payload: object }>();
  const acknowledged = new Set<string>();
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
    const id = `env-${nextId()}`;
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
      event_id: `Ev${nextId()}`,
      authorizations: [{ team_id: body.team ?? teamOf(body.channel), user_id: botUser, is_bot: true }],
      event: { event_ts: nextTs(), ...body },
    });

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
    deliver,
    event,
    tell,
    tellMessage,
    acknowledged,
    unacknowledged,
    /** HTTP mode: what was not acknowledged is sent again, as Slack does after some time. */
    async sendAgain(): Promise<void> {
      for (const [id, { type, payload }] of [...unacknowledged]) await post(id, type, payload, 1);
    },
    disconnect(): void {
      for (const socket of sockets) socket.terminate();
    },
    close: (): void => void socketServer.close(),
  };
}

export type Delivery = ReturnType<typeof createDelivery>;
