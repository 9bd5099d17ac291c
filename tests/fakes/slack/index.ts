/**
 * A Slack for tests: Web API, Socket Mode, HTTP mode and file host on one local port, spoken to by the real client. It
 * keeps every message that people would see, plays people, and misbehaves on request.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDelivery } from './delivery.ts';
import { createFaults } from './faults.ts';
import { createMethods, error } from './methods.ts';
import { createPeople } from './people.ts';
import { botUser, createWorld, type FakeMessage } from './world.ts';

export type { Misbehaviour } from './faults.ts';
export type { SayOptions } from './people.ts';
export { botUser, type FakeChannel, type FakeMessage, type FakeUser, teamId } from './world.ts';

export async function startFakeSlack({ port = 0 }: { readonly port?: number } = {}) {
  const world = createWorld();
  const faults = createFaults();
  const { teams, first, channels, messages, files, uploads, calls, state, teamOf } = world;
  /** What commands were answered, in order. */
  const responses: Record<string, unknown>[] = [];

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
    const stop = faults.takeStop(method);
    if (stop?.where === 'before') return stop.reached();
    const misbehaviour = faults.next(method);
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
    // A canvas is served as a page, whatever its type.
    const served = file.mimetype === 'application/vnd.slack-docs' ? 'text/html; charset=utf-8' : file.mimetype;
    response.writeHead(200, { 'content-type': served }).end(file.content);
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
  const delivery = createDelivery(world, server);
  const methods = createMethods(world, delivery.tellMessage);

  return {
    ...world,
    ...delivery,
    ...createPeople(world, delivery),
    addTeam: teams.add,
    responses,
    misbehave: faults.misbehave,
    stopAt: faults.stopAt,
    environment: {
      SLACK_API_URL: `${state.base}/api/`,
      SLACK_BOT_TOKEN: first.token,
      SLACK_APP_TOKEN: 'xapp-fake',
    },
    /** What the bot says in a channel. */
    said: (channelId: string): readonly FakeMessage[] =>
      messages.filter((one) => one.channel === channelId && one.user === botUser),
    async close(): Promise<void> {
      delivery.disconnect();
      delivery.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type FakeSlack = Awaited<ReturnType<typeof startFakeSlack>>;
