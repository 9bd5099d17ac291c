/**
 * The fake REST API v10 and file host: routes as a table. Knows HTTP; must not know sockets.
 * @see https://discord.com/developers/docs/reference
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from './faults.ts';
import { channelJson, type Gateway, guildJson, memberJson, messageJson } from './gateway.ts';
import { type FakeInteraction, type FakeMessage, flag, visibleText, type World } from './world.ts';

export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly errors?: object;
  constructor(status: number, code: number, message: string, errors?: object) {
    super(message);
    this.errors = errors;
    this.status = status;
    this.code = code;
  }
}

export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

interface Context {
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

type Handler = (context: Context) => unknown;

const countComponents = (components: readonly unknown[]): number =>
  components.reduce<number>(
    (sum, component) => sum + 1 + countComponents((component as { components?: unknown[] }).components ?? []),
    0,
  );

/** JSON, or a form with `payload_json` and files, which arrive as `sentFiles`. */
async function bodyOf(raw: Buffer, contentType = ''): Promise<Record<string, unknown>> {
  if (raw.byteLength === 0) return {};
  if (!contentType.startsWith('multipart/')) return JSON.parse(raw.toString()) as Record<string, unknown>;
  const form = await new Response(new Uint8Array(raw), { headers: { 'content-type': contentType } }).formData();
  const sentFiles: { name: string; text: string }[] = [];
  for (const [, value] of form)
    if (typeof value !== 'string') sentFiles.push({ name: value.name, text: await value.text() });
  return { ...(JSON.parse(String(form.get('payload_json'))) as object), sentFiles };
}

/** Discord's own limits, so that a message that real Discord refuses is refused here too. */
function checkMessage(body: Record<string, unknown>, before?: FakeMessage): void {
  const invalid = (reason: string) => new ApiError(400, 50_035, `Invalid Form Body: ${reason}`);
  const content = (body.content as string | null | undefined) ?? '';
  const components = (body.components as unknown[] | undefined) ?? before?.components ?? [];
  const flags = (body.flags as number | undefined) ?? before?.flags ?? 0;
  const wasV2 = ((before?.flags ?? 0) & flag.componentsV2) !== 0;
  if (wasV2 && !(flags & flag.componentsV2)) throw invalid('IS_COMPONENTS_V2 cannot be removed');
  if (flags & flag.componentsV2) {
    if (content) throw invalid('content cannot be used with IS_COMPONENTS_V2');
    if (before?.content && body.content !== null) throw invalid('content must be null');
    if (visibleText({ content: '', components }).length > 4000) throw invalid('text displays above 4000');
    if (components.length === 0) throw invalid('components are required');
  } else {
    if (content.length > 2000) throw invalid('content must be 2000 or fewer in length');
    if (components.some((component) => (component as { type: number }).type !== 1))
      throw invalid('components need the flag');
    if (!content && components.length === 0 && !before?.content)
      throw new ApiError(400, 50_006, 'Cannot send an empty message');
  }
  if (countComponents(components) > 40) throw invalid('more than 40 components');
  const ids = JSON.stringify(components).match(/"custom_id":"([^"]*)"/g) ?? [];
  if (ids.some((id) => id.length > 100 + '"custom_id":""'.length)) throw invalid('custom_id above 100');
  if (new Set(ids).size !== ids.length) throw invalid('custom_id duplicated');
}

export function createRest({
  world,
  gateway,
  faults,
  token,
  baseUrl,
  nonceLifetimeMs,
}: {
  readonly world: World;
  readonly gateway: () => Gateway;
  readonly faults: Faults;
  readonly token: () => string;
  readonly baseUrl: () => string;
  readonly nonceLifetimeMs: () => number;
}) {
  const calls: RecordedCall[] = [];
  const nonces = new Map<string, { readonly message: FakeMessage; readonly atMs: number }>();
  let commands: unknown[] = [];
  let commandWrites = 0;

  const json = (message: FakeMessage) => messageJson(world, message, gateway().readsAll());
  const channelOr404 = (id: string) => {
    const channel = world.channels.get(id);
    if (!channel) throw new ApiError(404, 10_003, 'Unknown Channel');
    return channel;
  };
  const messageOr404 = (channelId: string, id: string) => {
    const message = channelOr404(channelId).messages.find((candidate) => candidate.id === id);
    if (!message) throw new ApiError(404, 10_008, 'Unknown Message');
    return message;
  };
  const interactionOr = (interactionToken: string): FakeInteraction => {
    const interaction = world.interactions.get(interactionToken);
    if (!interaction?.acknowledged) throw new ApiError(404, 10_015, 'Unknown Webhook');
    if (interaction.expired) throw new ApiError(401, 50_027, 'Invalid Webhook Token');
    return interaction;
  };

  const edit = (message: FakeMessage, body: Record<string, unknown>): FakeMessage => {
    checkMessage(body, message);
    if (body.content !== undefined) message.content = (body.content as string | null) ?? '';
    if (body.components !== undefined) message.components = body.components as unknown[];
    message.flags =
      ((message.flags & flag.ephemeral) | ((body.flags as number | undefined) ?? message.flags)) & ~flag.loading;
    message.edited_timestamp = new Date().toISOString();
    if (body.sentFiles) message.files = body.sentFiles as FakeMessage['files'];
    message.history.push(visibleText(message));
    if (!(message.flags & flag.ephemeral)) gateway().dispatchMessage('MESSAGE_UPDATE', message);
    return message;
  };

  const create = (channelId: string, body: Record<string, unknown>): FakeMessage => {
    const channel = channelOr404(channelId);
    if (!channel.writable) throw new ApiError(403, 50_013, 'Missing Permissions');
    checkMessage(body);
    const nonceKey = `${channelId}:${body.nonce}`;
    const earlier = body.enforce_nonce ? nonces.get(nonceKey) : undefined;
    if (earlier && Date.now() - earlier.atMs < nonceLifetimeMs()) return earlier.message;
    const reference = body.message_reference as { message_id: string; fail_if_not_exists?: boolean } | undefined;
    const replied = reference ? world.findMessage(channelId, reference.message_id) : null;
    if (reference && !replied && reference.fail_if_not_exists !== false)
      throw new ApiError(400, 50_035, 'Invalid Form Body', {
        message_reference: { _errors: [{ code: 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', message: 'Unknown message' }] },
      });
    const message = world.addMessage(channel, world.bot, {
      content: (body.content as string | undefined) ?? '',
      components: (body.components as unknown[] | undefined) ?? [],
      flags: (body.flags as number | undefined) ?? 0,
      ...(replied ? { message_reference: { message_id: replied.id, channel_id: channelId } } : {}),
    });
    message.history.push(visibleText(message));
    if (body.nonce !== undefined) nonces.set(nonceKey, { message, atMs: Date.now() });
    gateway().dispatchMessage('MESSAGE_CREATE', message);
    return message;
  };

  const list: Handler = ({ params, query }) => {
    const { messages } = channelOr404(params[0]!);
    const limit = Number(query.get('limit') ?? 50);
    const after = query.get('after');
    const before = query.get('before');
    const shown = messages.filter((message) => !(message.flags & flag.ephemeral));
    const chosen = after
      ? shown.filter((message) => BigInt(message.id) > BigInt(after)).slice(0, limit)
      : shown.filter((message) => !before || BigInt(message.id) < BigInt(before)).slice(-limit);
    return chosen.toReversed().map(json);
  };

  const respond: Handler = ({ params, query, body }) => {
    const interaction = world.interactions.get(params[1]!);
    if (!interaction || interaction.id !== params[0]) throw new ApiError(404, 10_062, 'Unknown interaction');
    if (interaction.acknowledged) throw new ApiError(400, 40_060, 'Interaction has already been acknowledged.');
    if (interaction.expired || Date.now() - interaction.createdMs > 3000)
      throw new ApiError(404, 10_062, 'Unknown interaction');
    interaction.acknowledged = true;
    const { type, data = {} } = body as { type: number; data?: Record<string, unknown> };
    const flags = (data.flags as number | undefined) ?? 0;
    if (type === 8) interaction.choices = data.choices as FakeInteraction['choices'];
    if (type === 9) interaction.modal = data as { custom_id: string };
    if (type === 4 || type === 5) {
      interaction.original = world.addMessage(channelOr404(interaction.channelId), world.bot, {
        content: (data.content as string | undefined) ?? '',
        flags: flags | (type === 5 ? flag.loading : 0),
        type: 20,
        interaction_metadata: {
          id: interaction.id,
          type: 2,
          user: interaction.user,
          authorizing_integration_owners: {},
        },
        webhook_id: world.application.id,
      });
      if (type === 4) interaction.original.history.push(visibleText(interaction.original));
    }
    return query.get('with_response') === 'true'
      ? {
          interaction: { id: interaction.id, type: 2 },
          resource: { type, message: interaction.original && json(interaction.original) },
        }
      : undefined;
  };

  const original = (interactionToken: string): FakeMessage => {
    const { original: message } = interactionOr(interactionToken);
    if (!message) throw new ApiError(404, 10_008, 'Unknown Message');
    return message;
  };

  const applicationJson = () => ({
    id: world.application.id,
    name: world.application.name,
    flags: world.application.flags,
    bot_public: true,
    description: '',
  });

  const routes: readonly (readonly [string, RegExp, Handler])[] = [
    [
      'GET',
      /^\/gateway\/bot$/,
      () => ({
        url: baseUrl().replace(/^http/, 'ws'),
        shards: 1,
        session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 },
      }),
    ],
    ['GET', /^\/users\/@me$/, () => ({ ...world.bot, discriminator: '0', global_name: null, avatar: null })],
    ['GET', /^\/users\/@me\/guilds$/, () => [...world.guilds.values()].map(({ id, name }) => ({ id, name }))],
    [
      'POST',
      /^\/users\/@me\/channels$/,
      ({ body }) => {
        const person = world.users.get(String(body.recipient_id));
        if (!person) throw new ApiError(404, 10_013, 'Unknown User');
        return channelJson(world.directChannel(person));
      },
    ],
    ['GET', /^\/applications\/@me$/, applicationJson],
    ['GET', /^\/oauth2\/applications\/@me$/, applicationJson],
    [
      'PUT',
      /^\/applications\/(\d+)\/commands$/,
      ({ body }) => {
        commands = body as unknown as unknown[];
        commandWrites++;
        return commands;
      },
    ],
    ['GET', /^\/applications\/(\d+)\/commands$/, () => commands],
    ['POST', /^\/interactions\/(\d+)\/([^/]+)\/callback$/, respond],
    ['GET', /^\/webhooks\/\d+\/([^/]+)\/messages\/@original$/, ({ params }) => json(original(params[0]!))],
    [
      'PATCH',
      /^\/webhooks\/\d+\/([^/]+)\/messages\/@original$/,
      ({ params, body }) => json(edit(original(params[0]!), body)),
    ],
    [
      'POST',
      /^\/webhooks\/\d+\/([^/]+)$/,
      ({ params, body }) => json(create(interactionOr(params[0]!).channelId, body)),
    ],
    [
      'GET',
      /^\/guilds\/(\d+)$/,
      ({ params }) => {
        const guild = world.guilds.get(params[0]!);
        if (!guild) throw new ApiError(404, 10_004, 'Unknown Guild');
        return guildJson(world, guild);
      },
    ],
    [
      'GET',
      /^\/guilds\/(\d+)\/channels$/,
      ({ params }) =>
        (world.guilds.get(params[0]!)?.channels ?? []).filter((channel) => channel.type === 0).map(channelJson),
    ],
    [
      'GET',
      /^\/guilds\/(\d+)\/members\/(\d+)$/,
      ({ params }) => {
        const guild = world.guilds.get(params[0]!);
        if (!guild?.members.has(params[1]!)) throw new ApiError(404, 10_007, 'Unknown Member');
        return memberJson(world, guild, params[1]!);
      },
    ],
    ['GET', /^\/channels\/(\d+)$/, ({ params }) => channelJson(channelOr404(params[0]!))],
    [
      'GET',
      /^\/channels\/(\d+)\/thread-members\/(\d+)$/,
      ({ params }) => {
        if (!channelOr404(params[0]!).members.has(params[1]!)) throw new ApiError(404, 10_007, 'Unknown Member');
        return { id: params[0], user_id: params[1], join_timestamp: new Date(0).toISOString(), flags: 0 };
      },
    ],
    ['POST', /^\/channels\/(\d+)\/typing$/, () => undefined],
    [
      'POST',
      /^\/channels\/(\d+)\/messages$/,
      ({ params, body }) => ({ ...json(create(params[0]!, body)), nonce: body.nonce }),
    ],
    ['GET', /^\/channels\/(\d+)\/messages$/, list],
    ['GET', /^\/channels\/(\d+)\/messages\/(\d+)$/, ({ params }) => json(messageOr404(params[0]!, params[1]!))],
    [
      'PATCH',
      /^\/channels\/(\d+)\/messages\/(\d+)$/,
      ({ params, body }) => {
        const message = messageOr404(params[0]!, params[1]!);
        if (message.author.id !== world.bot.id)
          throw new ApiError(403, 50_005, 'Cannot edit a message authored by another user');
        return json(edit(message, body));
      },
    ],
    [
      'POST',
      /^\/attachments\/refresh-urls$/,
      ({ body }) => ({
        refreshed_urls: (body.attachment_urls as string[]).map((address) => {
          const fresh = new URL(address);
          fresh.search = `?ex=${randomUUID()}`;
          return { original: address, refreshed: fresh.href };
        }),
      }),
    ],
  ];

  /** Links that expired; a refreshed one has another query. */
  const expiredLinks = new Set<string>();
  const redirects = new Map<string, string>();

  const serveFile = (url: URL, response: ServerResponse): void => {
    const target = redirects.get(url.pathname);
    if (target) return void response.writeHead(302, { location: target }).end();
    const bytes = world.files.get(url.pathname);
    if (!bytes || expiredLinks.has(url.pathname + url.search))
      return void response.writeHead(404, { 'content-type': 'text/plain' }).end('This content is no longer available.');
    response
      .writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.byteLength })
      .end(bytes);
  };

  const send = (
    response: ServerResponse,
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
  ): void => {
    if (body === undefined) return void response.writeHead(204, headers).end();
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

  /** Until when files are on their way. */
  let held: Promise<void> = Promise.resolve();

  const isOpen = (path: string): boolean => /^\/(interactions|webhooks)\//.test(path);

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', baseUrl());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (!url.pathname.startsWith('/api/v10/')) {
      await held;
      return serveFile(url, response);
    }

    const path = decodeURIComponent(url.pathname.slice('/api/v10'.length));
    const call = { method: request.method ?? 'GET', path: path + url.search };
    const body = await bodyOf(Buffer.concat(chunks), request.headers['content-type']);
    calls.push({ ...call, body });
    const stop = faults.takeStop(call);
    if (stop?.where === 'before') return stop.reached();
    const fault = faults.next(call);
    if (fault?.how === 'rate-limit')
      return send(
        response,
        429,
        { message: 'You are being rate limited.', retry_after: fault.retryAfterS, global: false },
        { 'retry-after': String(fault.retryAfterS), 'x-ratelimit-scope': 'user' },
      );
    if (fault?.how === 'fail-before') return send(response, 500, { message: '500: Internal Server Error', code: 0 });
    if (fault?.how === 'refuse') return send(response, fault.status, { message: 'Refused', code: fault.code });
    if (fault?.how === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (!isOpen(path) && request.headers.authorization !== `Bot ${token()}`)
      return send(response, 401, { message: '401: Unauthorized', code: 0 });

    const found = routes.find(([method, pattern]) => method === call.method && pattern.test(path));
    try {
      if (!found) throw new ApiError(404, 0, `404: Not Found`);
      const result = found[2]({ params: found[1].exec(path)!.slice(1), query: url.searchParams, body });
      if (stop?.where === 'inside') return stop.reached();
      if (fault?.how === 'fail-after') return send(response, 500, { message: '500: Internal Server Error', code: 0 });
      if (fault?.how === 'drop-after') return void request.socket.destroy();
      if (stop?.where === 'after') response.once('finish', stop.reached);
      send(response, 200, result);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (stop) response.once('finish', stop.reached);
      send(response, error.status, { message: error.message, code: error.code, errors: error.errors });
    }
  };

  return {
    handle,
    calls,
    commands: () => ({ registered: commands, writes: commandWrites }),
    /** @returns lets them go */
    holdFiles(): () => void {
      let release = (): void => undefined;
      held = new Promise((resolve) => (release = resolve));
      return release;
    },
    expireLink: (address: string): void => {
      const url = new URL(address);
      expiredLinks.add(url.pathname + url.search);
    },
    redirect: (address: string, target: string): void => {
      redirects.set(new URL(address).pathname, target);
    },
  };
}
