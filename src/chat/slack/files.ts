/**
 * Files that people share, downloaded from Slack's own hosts only, because the request carries the bot's token. Knows
 * addresses and limits; must not know what is in a file.
 */
import { DocentError, reasonOf } from '../../errors.ts';
import type { IncomingFile } from '../contract.ts';
import { createDownloads } from '../download.ts';
import { nameOfPasted } from '../pasted.ts';
import type { SlackCalls } from './calls.ts';
import type { SlackFile } from './wire.ts';

/** Pictures, sound and film posted among people are talk, not documents; named to the bot they get an answer. */
export const isMedia = (file: SlackFile): boolean =>
  /^(image|video|audio)\//.test(file.mimetype ?? '') ||
  /\.(png|jpe?g|gif|webp|heic|svg|mp4|mov|webm|mp3|ogg|wav|m4a)$/i.test(file.name ?? '');

/** Slack's own documents: they come as HTML, under a type of their own. */
const isCanvas = ({ mimetype, mode }: SlackFile): boolean =>
  mimetype === 'application/vnd.slack-docs' || mode === 'quip' || mode === 'canvas';

/** Deleted, or hidden behind the limits of a free workspace: there is nothing to read. */
export const isGone = (file: SlackFile): boolean => file.mode === 'tombstone' || file.mode === 'hidden_by_limit';

export const fileKey = (team: string, fileId: string): string => `slack:${team}:${fileId}`;

/** More would take hours; the newest count. */
const maxEarlier = 300;
const pageSize = 100;

export interface Files {
  fileOf(file: SlackFile): IncomingFile;
  /** Documents shared in a channel, oldest first. */
  earlier(channel: string): Promise<readonly IncomingFile[]>;
}

export function createFiles({
  calls,
  token,
  apiUrl,
  team,
  maxBytes,
}: {
  readonly calls: SlackCalls;
  readonly token: string;
  /** SLACK_API_URL, or ''. */
  readonly apiUrl: string;
  readonly team: string;
  readonly maxBytes: number;
}): Files {
  const ownApi = apiUrl ? new URL(apiUrl) : null;

  const isAllowed = (url: URL): boolean =>
    (url.protocol === 'https:' && url.port === '' && /(^|\.)slack\.com$/.test(url.hostname)) ||
    (ownApi !== null && url.protocol === ownApi.protocol && url.host === ownApi.host);

  const headers = { authorization: `Bearer ${token}` };
  const { request, read } = createDownloads({ platform: 'Slack', isAllowed, maxBytes, headers });

  /** Slack answers a token without the right with its sign-in page and status 200. */
  const isLoginPage = (file: SlackFile, response: Response, url: URL): boolean => {
    if (!/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) return false;
    const sharedAsHtml = isCanvas(file) || file.mimetype === 'text/html' || /\.html?$/i.test(file.name ?? '');
    return !sharedAsHtml || /signin|login|[?&]redir=/.test(url.pathname + url.search);
  };

  const detailsOf = async (file: SlackFile): Promise<SlackFile> =>
    file.file_access === 'check_file_info' || (!file.url_private_download && !file.url_private)
      ? (await calls.call<{ file: SlackFile }>('files.info', { file: file.id })).file
      : file;

  const download = async (brief: SlackFile, name: string): Promise<Uint8Array> => {
    try {
      const file = await detailsOf(brief);
      const address = file.url_private_download ?? file.url_private;
      if (!address) throw new DocentError('FILE_FETCH_FAILED', { name, reason: 'Slack names no address for it' });
      const { response, url } = await request(name, address);
      if (response.ok && isLoginPage(file, response, url)) {
        await response.body?.cancel();
        throw new DocentError('FILE_LOGIN_PAGE', { name });
      }
      return await read(name, response);
    } catch (error) {
      if (error instanceof DocentError) throw error;
      throw new DocentError('FILE_FETCH_FAILED', { name, reason: reasonOf(error) }, { cause: error });
    }
  };

  const fileOf: Files['fileOf'] = (file) => {
    const given = file.name || file.title || file.id;
    const sharedAt = new Date(file.created ? file.created * 1000 : Date.now());
    const canvas = `${file.title || given}.html`;
    const name = isCanvas(file) ? canvas : file.mode === 'snippet' ? nameOfPasted(given, sharedAt, file.id) : given;
    return {
      key: fileKey(team, file.id),
      name,
      bytes: file.size ?? null,
      url: file.permalink ?? null,
      external: file.is_external === true || file.mode === 'external',
      download: () => download(file, name),
    };
  };

  return {
    fileOf,
    async earlier(channel) {
      const found: SlackFile[] = [];
      for (let page = 1; found.length < maxEarlier; page++) {
        // Old-style pages; the newest come first.
        const { files = [], paging } = await calls.call<{ files?: SlackFile[]; paging?: { pages?: number } }>(
          'files.list',
          {
            channel,
            count: pageSize,
            page,
          },
        );
        found.push(...files.filter((file) => !isGone(file) && !isMedia(file)));
        if (page >= (paging?.pages ?? 1)) break;
      }
      return found.slice(0, maxEarlier).reverse().map(fileOf);
    },
  };
}
