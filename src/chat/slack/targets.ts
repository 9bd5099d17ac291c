/** Where Slack's replies go; stored with what is owed, so that a later process finds them. */
import { z } from 'zod';

export const targetSchema = z.discriminatedUnion('kind', [
  z.object({
    platform: z.literal('slack'),
    kind: z.literal('message'),
    /** The process that heard the question: a reply opened by another one may already be posted, and is looked for. */
    boot: z.string(),
    channel: z.string(),
    /** '' = in the channel itself. */
    thread: z.string(),
    user: z.string(),
    replyTs: z.string().optional(),
  }),
  z.object({
    platform: z.literal('slack'),
    kind: z.literal('command'),
    responseUrl: z.string(),
    /** Who typed it; files go there. */
    user: z.string(),
  }),
  /** Seen by one person of a channel. */
  z.object({
    platform: z.literal('slack'),
    kind: z.literal('whisper'),
    channel: z.string(),
    thread: z.string(),
    user: z.string(),
  }),
]);
type Target = z.infer<typeof targetSchema>;
export type MessageTarget = Extract<Target, { kind: 'message' }>;
export type CommandTarget = Extract<Target, { kind: 'command' }>;
export type WhisperTarget = Extract<Target, { kind: 'whisper' }>;
