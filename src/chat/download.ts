/**
 * Downloads of shared files: from the platform's own hosts only, whatever redirects say, and never more bytes than are
 * accepted. Knows addresses and limits, not platforms, and not what is in a file.
 */
import { DocentError } from '../errors.ts';

/** Platforms redirect once to an edge host at most. */
const maxRedirects = 3;
/** A large file on a slow line; silence ends sooner, by the platform's own time limits. */
const timeoutMs = 5 * 60_000;

export interface Download {
  readonly response: Response;
  /** The last address, after redirects. */
  readonly url: URL;
}

export interface Downloads {
  /** @throws DocentError FILE_FETCH_FAILED for an address of another host. */
  request(name: string, address: string): Promise<Download>;
  /** The bytes of an answer; a transfer that broke off is an error. @throws DocentError FILE_TOO_LARGE, FILE_FETCH_FAILED */
  read(name: string, response: Response): Promise<Uint8Array>;
}

/** @throws DocentError FILE_TOO_LARGE */
export function refuseTooLarge(name: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  const [megabytes, limit] = [Math.ceil(bytes / 2 ** 20), Math.floor(maxBytes / 2 ** 20)];
  throw new DocentError('FILE_TOO_LARGE', { name, megabytes, limit });
}

export function createDownloads(deps: {
  /** For people: `Slack`. */
  readonly platform: string;
  readonly isAllowed: (url: URL) => boolean;
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
}): Downloads {
  const { platform, isAllowed, maxBytes, headers = {} } = deps;
  return {
    async request(name, address) {
      let url = new URL(address);
      for (let hop = 0; hop <= maxRedirects; hop++) {
        if (!isAllowed(url))
          throw new DocentError('FILE_FETCH_FAILED', {
            name,
            reason: `${url.hostname} is not a file host of ${platform}`,
          });
        const response = await fetch(url, { redirect: 'manual', headers, signal: AbortSignal.timeout(timeoutMs) });
        const location = response.headers.get('location');
        if (response.status < 300 || response.status >= 400 || !location) return { response, url };
        await response.body?.cancel();
        url = new URL(location, url);
      }
      throw new DocentError('FILE_FETCH_FAILED', { name, reason: 'too many redirects' });
    },
    async read(name, response) {
      if (!response.ok) {
        await response.body?.cancel();
        throw new DocentError('FILE_FETCH_FAILED', { name, reason: `HTTP ${response.status}` });
      }
      const stated = Number(response.headers.get('content-length') ?? 0);
      if (stated > maxBytes) await response.body?.cancel();
      refuseTooLarge(name, stated, maxBytes);
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
        length += chunk.byteLength;
        refuseTooLarge(name, length, maxBytes);
        chunks.push(chunk);
      }
      if (stated && !response.headers.has('content-encoding') && length !== stated)
        throw new DocentError('FILE_FETCH_FAILED', { name, reason: 'the transfer broke off' });
      return new Uint8Array(Buffer.concat(chunks));
    },
  };
}
