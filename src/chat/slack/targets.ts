/** Where Slack's replies go; stored with what is owed, so that a later process finds them. */
import { z } from 'zod';

/** Absent in what was stored before there could be several workspaces. */
const team = z.string().optional();

export const targetSchema = z.discriminatedUnion('kind', [
  z.object({
    platform: z.literal('slack'),
    kind: z.literal('message'),
    team,
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
    team,
    responseUrl: z.string(),
    /** Who typed it; files go there. */
    user: z.string(),
  }),
  /** Seen by one person of a channel. */
  z.object({
    platform: z.literal('slack'),
    kind: z.literal('whisper'),
    team,
    channel: z.string(),
    thread: z.string(),
    user: z.string(),
  }),
]);
type Target = z.infer<typeof targetSchema>;
export type MessageTarget = Extract<Target, { kind: 'message' }>;
export type CommandTarget = Extract<Target, { kind: 'command' }>;
export type WhisperTarget = Extract<Target, { kind: 'whisper' }>;

/** The workspace that a stored target belongs to; null where it does not say. */
export const teamOf = (target: Readonly<Record<string, unknown>>): string | null =>
  typeof target.team === 'string' ? target.team : null;
