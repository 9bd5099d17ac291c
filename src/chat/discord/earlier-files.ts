/** Documents that were shared in a channel before. Knows its history; must not know what is done with them. */
import { type APIAttachment, type APIMessage, Routes } from 'discord.js';
import type { IncomingFile } from '../contract.ts';
import { type Files, isMedia } from './files.ts';
import type { Calls } from './rest.ts';

/** More would take hours; the newest count. */
const maxFiles = 300;
const pageSize = 100;
const maxPages = 50;

/** Oldest first. Rate limits are waited out by the client. */
export async function earlierFiles(
  calls: Calls,
  files: Files,
  guildId: string,
  channelId: string,
): Promise<readonly IncomingFile[]> {
  const found: IncomingFile[] = [];
  let before: string | null = null;
  for (let page = 0; page < maxPages && found.length < maxFiles; page++) {
    const messages: readonly APIMessage[] = await calls.call<APIMessage[]>({
      method: 'GET',
      route: Routes.channelMessages(channelId),
      query: { limit: String(pageSize), ...(before ? { before } : {}) },
    });
    for (const { id, author, attachments } of messages) {
      if (author.bot) continue;
      const link = `https://discord.com/channels/${guildId}/${channelId}/${id}`;
      const shared: readonly APIAttachment[] = attachments;
      for (const raw of shared) {
        const attachment = {
          ...raw,
          name: raw.filename,
          title: raw.title ?? null,
          contentType: raw.content_type ?? null,
        };
        if (!isMedia(attachment)) found.push(files.fileOf(attachment, link));
      }
    }
    if (messages.length < pageSize) break;
    before = messages.at(-1)!.id;
  }
  return found.slice(0, maxFiles).reverse();
}
