/** What is in the fake Slack: people, channels, messages and what they are shown. Knows no protocol. */
import { agentScope, botScopes } from '../../../src/chat/slack/permissions.ts';
import { createTeams } from './teams.ts';

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

export const botUser = 'UBOT';
export const botId = 'BBOT';
export const teamId = 'T1';

export function createWorld() {
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
  /** Home tabs and suggested prompts as people see them, and every state that a session had. */
  const homes = new Map<string, Record<string, unknown>>();
  const suggested = new Map<string, readonly { readonly message: string }[]>();
  const sessionStates: string[] = [];
  /** Bytes that the bot uploaded, and those of them that people see. */
  const uploads = new Map<string, string>();
  const sentFiles: { readonly channel: string; readonly name: string; readonly text: string }[] = [];
  const calls: { readonly method: string; readonly parameters: Record<string, string> }[] = [];
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
  let lastTs = 0;
  let counter = 0;
  const nextId = (): number => ++counter;

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
  const messageJson = ({ versions: _versions, channel, ...rest }: FakeMessage) => ({
    type: 'message',
    team: channels.get(channel)?.team ?? users.get(rest.user)?.team_id ?? teamId,
    ...rest,
    ...(rest.thread_ts === undefined && messages.some((one) => one.thread_ts === rest.ts)
      ? {
          reply_count: messages.filter((one) => one.thread_ts === rest.ts).length,
          latest_reply: messages.filter((one) => one.thread_ts === rest.ts).at(-1)!.ts,
        }
      : {}),
  });

  const teamOf = (channel: unknown): string => channels.get(String(channel))?.team ?? teamId;
  const channelType = (channel?: FakeChannel): string =>
    channel?.is_im ? 'im' : channel?.is_mpim ? 'mpim' : channel?.is_private ? 'group' : 'channel';

  return {
    teams,
    first,
    users,
    channels,
    messages,
    files,
    views,
    whispers,
    homes,
    suggested,
    sessionStates,
    uploads,
    sentFiles,
    calls,
    state,
    nextTs,
    nextId,
    addUser,
    addChannel,
    channelJson,
    messageJson,
    teamOf,
    channelType,
  };
}

export type World = ReturnType<typeof createWorld>;
