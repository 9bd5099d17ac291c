/** Workspaces and their tokens, and the page where somebody installs the app. */
import type { ServerResponse } from 'node:http';

export interface FakeTeam {
  readonly id: string;
  readonly name: string;
  /** Bot token of the app there. */
  readonly token: string;
}

export function createTeams(first: FakeTeam) {
  const all = new Map([[first.id, first]]);
  const codes = new Map<string, FakeTeam>();
  return {
    all,
    add(id: string, name: string): FakeTeam {
      const team = { id, name, token: `xoxb-${id}` };
      all.set(id, team);
      return team;
    },
    ofToken: (token: string): FakeTeam | null => [...all.values()].find((team) => team.token === token) ?? null,
    /** Somebody of this workspace pressed “Allow”: back to the app with a code. @see https://docs.slack.dev/authentication/installing-with-oauth */
    allow(address: URL, team: FakeTeam, redirect: string, response: ServerResponse): void {
      const code = `code-${codes.size}`;
      codes.set(code, team);
      const back = new URL(redirect);
      back.search = new URLSearchParams({ code, state: address.searchParams.get('state') ?? '' }).toString();
      response.writeHead(302, { location: back.href }).end();
    },
    access(
      { code = '', client_id: id, client_secret: secret }: Record<string, string>,
      scope: string,
      botUser: string,
    ) {
      const team = codes.get(code);
      codes.delete(code);
      if (!team || id !== 'client-1' || secret !== 'client-secret') return { ok: false, error: 'invalid_code' };
      return {
        ok: true,
        app_id: 'A1',
        authed_user: { id: 'UINSTALLER' },
        scope,
        token_type: 'bot',
        access_token: team.token,
        bot_user_id: botUser,
        team: { id: team.id, name: team.name },
        enterprise: null,
        is_enterprise_install: false,
      };
    },
  };
}
