/** A file for one person, in a direct message. Knows Slack's way of uploading; must not know what is in the file. */
import { DocentError } from '../../errors.ts';
import type { ReplyContent } from '../contract.ts';
import type { SlackCalls } from './calls.ts';

const timeoutMs = 60_000;

/**
 * Says `text` to the person, with the file below it.
 * @see https://docs.slack.dev/messaging/working-with-files#uploading_files
 * @throws DocentError PLATFORM_UNREACHABLE, FILE_FETCH_FAILED; WebAPIPlatformError, for instance without `files:write`
 */
export async function sendDirectFile(
  calls: SlackCalls,
  user: string,
  text: string,
  { name, text: content }: NonNullable<ReplyContent['attachment']>,
): Promise<void> {
  const bytes = new TextEncoder().encode(content);
  // Asked for first: without the permission nobody gets a message that promises a file.
  const { upload_url: address, file_id: id } = await calls.call<{ upload_url: string; file_id: string }>(
    'files.getUploadURLExternal',
    { filename: name, length: bytes.byteLength },
  );
  const response = await fetch(address, {
    method: 'POST',
    body: bytes,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.body?.cancel();
  if (!response.ok) throw new DocentError('FILE_FETCH_FAILED', { name, reason: `HTTP ${response.status}` });
  // Names the direct message channel, without the right to open one.
  const { channel } = await calls.call<{ channel: string }>('chat.postMessage', { channel: user, text });
  await calls.call('files.completeUploadExternal', { files: [{ id, title: name }], channel_id: channel });
}
