/**
 * Workspaces that install the app themselves: `/slack/install` leads to Slack, which comes back to
 * `/slack/oauth_redirect`. Knows the exchange, through Slack's own library; must not know what a workspace is used for.
 * @see https://docs.slack.dev/authentication/installing-with-oauth
 */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Logger as SlackLogger } from '@slack/logger';
import { type Installation, InstallProvider, type OrgInstallation } from '@slack/oauth';
import type { WebClientOptions } from '@slack/web-api';
import type { BaseLogger } from 'pino';
import { reasonOf } from '../../errors.ts';
import type { SlackRequests } from './door.ts';
import type { SlackInstallation } from './installations.ts';
import { agentScope, botScopes } from './permissions.ts';

const installPath = '/slack/install';
const redirectPath = '/slack/oauth_redirect';

const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

const page = (response: ServerResponse, status: number, title: string, line: string): void => {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    .end(
      `<!doctype html><meta charset="utf-8"><title>${escapeHtml(title)}</title><body style="font:16px sans-serif;max-width:36em;margin:4em auto"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(line)}</p>`,
    );
};

/** What is kept of it; null: an installation in a whole organisation, which has no workspace. */
function kept({ team, bot, user }: Installation | OrgInstallation): SlackInstallation | null {
  if (!team || !bot) return null;
  return { teamId: team.id, teamName: team.name ?? team.id, token: bot.token, installedBy: user.id };
}

export interface Installer {
  /** Whether the request is for it. */
  isFor(url: string): boolean;
  readonly requests: SlackRequests;
}

export function createInstaller({
  clientId,
  clientSecret,
  apiUrl,
  clientOptions,
  logger,
  log,
  onInstalled,
}: {
  readonly clientId: string;
  readonly clientSecret: string;
  /** '' = Slack's own. */
  readonly apiUrl: string;
  readonly clientOptions: WebClientOptions;
  readonly logger: SlackLogger;
  readonly log: Pick<BaseLogger, 'info' | 'warn'>;
  /** Before the person is told that it is done. */
  readonly onInstalled: (installation: SlackInstallation) => Promise<void>;
}): Installer {
  const scopes = [...Object.keys(botScopes), agentScope];
  const provider = new InstallProvider({
    clientId,
    clientSecret,
    // A link is good for ten minutes and one process.
    stateSecret: randomBytes(32).toString('hex'),
    directInstall: true,
    installUrlOptions: { scopes },
    ...(apiUrl ? { authorizationUrl: new URL('/oauth/v2/authorize', apiUrl).href } : {}),
    clientOptions,
    logger,
    installationStore: {
      async storeInstallation(installation) {
        const one = kept(installation);
        if (!one) throw new Error('Docent is installed in a workspace, not in a whole organisation');
        await onInstalled(one);
      },
      fetchInstallation: () => Promise.reject(new Error('not asked here')),
    },
  });

  const pathOf = (url: string): string => url.split('?')[0]!;
  const failed = (response: ServerResponse, error: unknown): void => {
    log.warn({ reason: reasonOf(error) }, 'Slack app not installed');
    if (!response.headersSent)
      page(response, 400, 'Docent was not installed', `${reasonOf(error)}. Begin again at ${installPath}.`);
  };

  return {
    isFor: (url) => pathOf(url) === installPath || pathOf(url) === redirectPath,
    requests: (request, response) => {
      const isBegin = pathOf(request.url ?? '') === installPath;
      const work = isBegin
        ? provider.handleInstallPath(request, response)
        : provider.handleCallback(request, response, {
            success: (installation) =>
              page(
                response,
                200,
                `Docent is in ${installation.team?.name ?? 'your workspace'}`,
                'In a channel: /invite @Docent, share a document, and ask.',
              ),
            failure: (error) => failed(response, error),
          });
      work.catch((error: unknown) => failed(response, error));
    },
  };
}
