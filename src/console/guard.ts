/**
 * Who may talk to the server. Knows hosts, tokens, cookies and origins; knows nothing of routes and what they do.
 *
 * On loopback: the Host header must name loopback, so that a web page whose name was rebound to 127.0.0.1 gets nothing.
 * Off loopback: the token, as bearer or as a session cookie. Everywhere: state changes only from the own origin.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { DocentError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';

/** Whether only this machine can reach an address that is bound to `host`. */

/** The name part of a Host header or origin, lower case, without the port: `[::1]:3180` → `[::1]`. */
const hostName = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');

const servedOnLoopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

export const sessionCookie = 'docent_session';
/** A work week; afterwards the token is entered again. */
const sessionSeconds = 7 * 24 * 3600;

/** Equal in constant time, whatever the lengths. */
const sameSecret = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

const cookieOf = (headers: IncomingHttpHeaders, name: string): string | undefined =>
  headers.cookie
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);

export interface Guard {
  /** Whether callers need the token here. */
  readonly needsToken: boolean;
  /** @throws DocentError HOST_REFUSED */
  checkHost(headers: IncomingHttpHeaders): void;
  /** @throws DocentError UNAUTHORIZED */
  checkToken(headers: IncomingHttpHeaders): void;
  /** For requests that change something. @throws DocentError ORIGIN_REFUSED */
  checkOrigin(headers: IncomingHttpHeaders): void;
  isToken(candidate: string): boolean;
  /** A Set-Cookie value that stands for the token. Signed with it, so a new token ends all sessions. */
  newSession(secure: boolean): string;
}

/**
 * @param host What the server binds (DOCENT_HOST).
 * @param token DOCENT_TOKEN; empty = none.
 * @throws DocentError HOST_NEEDS_TOKEN when `host` is reachable from elsewhere and there is no token.
 */
export function createGuard(host: string, token: string, now: () => number = Date.now): Guard {
  const loopback = isLoopback(host);
  if (!loopback && token === '') throw new DocentError('HOST_NEEDS_TOKEN', { host });

  const sign = (expires: string): string =>
    createHmac('sha256', token).update(`docent session ${expires}`).digest('base64url');

  const isSession = (value: string): boolean => {
    const [expires, signature, ...rest] = value.split('.');
    if (!expires || !signature || rest.length > 0 || !sameSecret(signature, sign(expires))) return false;
    return Number(expires) > now() / 1000;
  };

  return {
    needsToken: !loopback,
    checkHost(headers) {
      if (!loopback) return;
      const name = hostName(headers.host ?? '');
      if (!servedOnLoopback.has(name)) throw new DocentError('HOST_REFUSED', { host: name.slice(0, 100) || 'none' });
    },
    checkToken(headers) {
      if (loopback) return;
      const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
      if (bearer !== undefined && sameSecret(bearer, token)) return;
      const session = cookieOf(headers, sessionCookie);
      if (session !== undefined && isSession(session)) return;
      throw new DocentError('UNAUTHORIZED');
    },
    checkOrigin(headers) {
      // Browsers state the relation themselves where they can (https, localhost), and pages cannot forge it. It also
      // holds behind a proxy that renames the host.
      const site = headers['sec-fetch-site'];
      if (site !== undefined) {
        if (site === 'same-origin' || site === 'none') return;
        throw new DocentError('ORIGIN_REFUSED');
      }
      const origin = headers.origin;
      if (origin === undefined) return; // not a browser
      let from: string | undefined;
      try {
        from = new URL(origin).host;
      } catch {
        // `null` and garbage are nobody's origin
      }
      if (from === undefined || from !== (headers.host ?? '').toLowerCase()) throw new DocentError('ORIGIN_REFUSED');
    },
    isToken: (candidate) => token !== '' && sameSecret(candidate, token),
    newSession(secure) {
      const expires = String(Math.floor(now() / 1000) + sessionSeconds);
      // Lax, so that a link from the chat opens the page signed in; state changes are held by checkOrigin.
      return `${sessionCookie}=${expires}.${sign(expires)}; Path=/; Max-Age=${sessionSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    },
  };
}
