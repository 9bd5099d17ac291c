/**
 * What the Slack app may do and hears, with the reason for each. deploy/slack-manifest.yaml says the same to Slack; a test
 * compares them. Knows names only.
 */

/** Bot scopes. @see https://docs.slack.dev/reference/scopes */
export const botScopes: Readonly<Record<string, string>> = {
  'app_mentions:read': 'hear mentions',
  'channels:history': 'read a mention again with its files; follow-ups in threads; mentions missed while away',
  'channels:read': 'whether a channel is public, shared, archived; who is in it',
  'chat:write': 'answer',
  commands: '/docent',
  'files:read': 'download the files that people share',
  'files:write': 'send people what is kept of them',
  'groups:history': 'as channels:history, in private channels that the app was invited to',
  'groups:read': 'as channels:read, in private channels that the app was invited to',
  'im:history': 'direct messages to the app',
  'im:read': 'whose direct message it is',
  'mpim:history': 'group messages that the app was added to',
  'mpim:read': 'who is in such a group',
  'users:read': 'admins, and guests who must not see other channels’ documents',
};

/** Comes with `agent_view`, on paid plans; without it there are no suggested questions, and no stop button of Slack's. */
export const agentScope = 'assistant:write';

/** Event subscriptions. @see https://docs.slack.dev/reference/events */
export const botEvents: Readonly<Record<string, string>> = {
  agent_session_stopped: 'somebody stops a question that waits',
  app_home_opened: 'the Home tab, and questions to begin with',
  app_mention: 'questions',
  'message.channels': 'files and follow-ups in threads',
  'message.groups': 'files and follow-ups in threads',
  'message.im': 'direct messages',
  'message.mpim': 'files and follow-ups in group messages',
  file_change: 'the document of a canvas follows its edits',
  file_deleted: 'its document is deleted too',
  app_uninstalled: 'all data of the workspace is deleted a month later',
  tokens_revoked: 'as app_uninstalled',
  member_joined_channel: 'who may read a private channel’s documents from now on',
  member_left_channel: 'who may not any more',
  channel_rename: 'names in lists',
  channel_archive: 'names in lists',
  channel_unarchive: 'names in lists',
  channel_shared: 'another organisation reads along from now on',
  channel_unshared: 'it does not any more',
  group_rename: 'names in lists',
  group_archive: 'names in lists',
  group_unarchive: 'names in lists',
};

/** App-level scope of the token for socket mode. */
export const socketScope = 'connections:write';

export const commandName = '/docent';

/** Shortcuts in the menu of every message: callback id → what the menu says. */
export const messageShortcuts = {
  docent_ask: 'Ask Docent about this',
  docent_teach: 'Teach this to Docent',
} as const;
