/**
 * Attachments, downloaded from Discord's own file hosts only. Knows addresses and limits; must not know what is in a file.
 */
import { type Attachment, SnowflakeUtil } from 'discord.js';
import { DocentError, reasonOf } from '../../errors.ts';
import type { IncomingFile } from '../contract.ts';
import { createDownloads, refuseTooLarge } from '../download.ts';
import { nameOfPasted } from '../pasted.ts';
import type { Calls } from './rest.ts';

/** The two hosts that serve attachments. @see docs/egress.md */
const cdnHosts: ReadonlySet<string> = new Set(['cdn.discordapp.com', 'media.discordapp.net']);

/** What is read of an attachment. */
export type SharedFile = Pick<Attachment, 'id' | 'name' | 'title' | 'size' | 'url' | 'contentType'>;

export interface Files {
  /** `openUrl`: where a person finds the message that carries it. */
  fileOf(attachment: SharedFile, openUrl: string | null): IncomingFile;
}

/** Pictures, sound and film posted among people are talk, not documents; named to the bot they get an answer. */
export const isMedia = (attachment: SharedFile): boolean =>
  /^(image|video|audio)\//.test(attachment.contentType ?? '') ||
  /\.(png|jpe?g|gif|webp|heic|svg|mp4|mov|webm|mp3|ogg|wav|m4a)$/i.test(attachment.name);

export const fileKey = (attachmentId: string): string => `discord:${attachmentId}`;

export function createFiles({
  calls,
  cdnUrl,
  maxBytes,
}: {
  readonly calls: Calls;
  /** DISCORD_CDN_URL, or ''. */
  readonly cdnUrl: string;
  readonly maxBytes: number;
}): Files {
  const ownCdn = cdnUrl ? new URL(cdnUrl) : null;

  const isAllowed = (url: URL): boolean =>
    (url.protocol === 'https:' && cdnHosts.has(url.hostname) && url.port === '') ||
    (ownCdn !== null && url.protocol === ownCdn.protocol && url.host === ownCdn.host);

  const { request, read } = createDownloads({ platform: 'Discord', isAllowed, maxBytes });

  /** Attachment links expire after a day; Discord writes a fresh one for the same file. */
  const freshUrl = async (address: string): Promise<string | null> => {
    const { refreshed_urls: refreshed } = await calls.call<{
      refreshed_urls: { original: string; refreshed: string | null }[];
    }>({ method: 'POST', route: '/attachments/refresh-urls', body: { attachment_urls: [address] } });
    return refreshed[0]?.refreshed ?? null;
  };

  const download = async (name: string, address: string): Promise<Uint8Array> => {
    try {
      let { response } = await request(name, address);
      if (response.status === 403 || response.status === 404) {
        const fresh = await freshUrl(address).catch(() => null);
        if (fresh) {
          await response.body?.cancel();
          ({ response } = await request(name, fresh));
        }
      }
      return await read(name, response);
    } catch (error) {
      if (error instanceof DocentError) throw error;
      throw new DocentError('FILE_FETCH_FAILED', { name, reason: reasonOf(error) }, { cause: error });
    }
  };

  return {
    fileOf: (attachment, openUrl) => ({
      key: fileKey(attachment.id),
      name: nameOf(attachment),
      bytes: attachment.size ?? null,
      url: openUrl,
      external: false,
      download: async () => {
        refuseTooLarge(attachment.name, attachment.size, maxBytes);
        return download(attachment.name, attachment.url);
      },
    }),
  };
}

const nameOf = ({ id, title, name }: SharedFile): string =>
  title ? withExtension(title, name) : nameOfPasted(name, new Date(SnowflakeUtil.timestampFrom(id)), id);

/** Discord keeps names with letters outside ASCII as a title without extension, and a bare name beside it. */
const withExtension = (title: string, name: string): string => {
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0] ?? '';
  return title.toLowerCase().endsWith(extension.toLowerCase()) ? title : title + extension;
};
