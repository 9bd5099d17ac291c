/**
 * What is stored of a question so that a new process finds its reply again. Knows ids; must not know calls or content.
 */
import { z } from 'zod';
import type { ReplyTarget } from '../contract.ts';

const common = {
  platform: z.literal('discord'),
  /** The process that heard the question: a reply opened by another one may already be posted, and is looked for. */
  boot: z.string(),
  guildId: z.string().nullable(),
  channelId: z.string(),
  userId: z.string(),
  /** Conversation key, carried by the feedback buttons. */
  thread: z.string(),
  /** The visible message, once it exists. */
  replyId: z.string().optional(),
};

const messageTarget = z.object({
  ...common,
  kind: z.literal('message'),
  messageId: z.string(),
  /** More than one reply may answer this message: files' results, an answer, what was learned. */
  several: z.boolean(),
});

/** A message of its own, after this one. */
const postTarget = z.object({ ...common, kind: z.literal('post'), after: z.string() });

const interactionTarget = z.object({
  ...common,
  kind: z.literal('interaction'),
  applicationId: z.string(),
  interactionId: z.string(),
  /** Good for 15 minutes after the interaction. */
  token: z.string(),
  command: z.string(),
  ephemeral: z.boolean(),
  /** The message that stands in for the reply after those 15 minutes, and the channel it is in. */
  late: z.object({ channelId: z.string(), messageId: z.string() }).optional(),
});

const targetSchema = z.discriminatedUnion('kind', [messageTarget, postTarget, interactionTarget]);

export type MessageTarget = z.infer<typeof messageTarget>;
export type PostTarget = z.infer<typeof postTarget>;
export type InteractionTarget = z.infer<typeof interactionTarget>;

/** @throws ZodError when the stored target is not one of ours. */
export const parseTarget = (target: ReplyTarget): MessageTarget | PostTarget | InteractionTarget =>
  targetSchema.parse(target);
