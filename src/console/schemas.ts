/** What goes over the wire, as zod schemas: requests are parsed with them, and the OpenAPI document is made from them. */
import { z } from 'zod';
import { DocentError } from '../errors.ts';

/** Longer questions are refused before the model is troubled; a pasted page belongs into a document. */
export const maxQuestionCharacters = 4000;

const question = z
  .string()
  .max(maxQuestionCharacters * 4) // beyond that not even the friendly line below is worth it
  .describe('What to ask');

export const askRequest = z.object({
  question,
  thread: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .optional()
    .describe('Key of the conversation; follow-ups carry the same one'),
  key: z
    .string()
    .regex(/^[\w-]{8,100}$/)
    .optional()
    .describe('Makes repeating safe: the same key is answered once'),
});

export const source = z.object({
  document: z.string(),
  documentId: z.string(),
  section: z.string().nullable(),
  page: z.number().int().nullable(),
  quote: z.string().describe('Verbatim slice [start, end) of the extracted text'),
  start: z.number().int(),
  end: z.number().int(),
  url: z.string().nullable(),
});

export const answer = z.object({
  id: z.string(),
  found: z.boolean(),
  kind: z.enum(['span', 'yes', 'no', 'list', 'help', 'greeting']),
  answer: z.string().nullable().describe('The exact words, Yes or No; null when not found'),
  text: z.string().describe('What a person reads'),
  confidence: z.number(),
  sources: z.array(source),
  model: z.object({ base: z.string(), adapter: z.string().nullable() }),
  timing: z.object({ retrieve_ms: z.number(), read_ms: z.number(), total_ms: z.number() }),
});

export const problem = z.object({
  error: z.object({ code: z.string(), message: z.string(), fix: z.string() }),
});

export const documentRecord = z.object({
  id: z.string(),
  title: z.string(),
  path: z.string(),
  channel: z.string(),
  status: z.enum(['received', 'ready', 'failed', 'duplicate', 'replaced']),
  error: z.string().nullable().optional(),
  warnings: z.array(z.string()).optional(),
  sections: z.number().int(),
  passages: z.number().int(),
  bytes: z.number().int(),
  pages: z.number().int().nullable().optional(),
  updatedAt: z.string().optional(),
});

export const documentList = z.object({ documents: z.array(documentRecord) });

export const uploadResult = z.object({
  documents: z.array(
    z.object({
      path: z.string(),
      document: documentRecord.optional(),
      error: problem.shape.error.optional(),
    }),
  ),
});

export const documentDetail = z.object({
  document: documentRecord,
  sections: z.array(
    z.object({
      heading: z.string().nullable(),
      path: z.array(z.string()),
      start: z.number().int(),
      end: z.number().int(),
      page: z.number().int().nullable(),
    }),
  ),
  characters: z.number().int().describe('Length of the extracted text in UTF-16 units'),
});

export const textWindow = z.object({
  start: z.coerce.number().int().min(0).default(0),
  end: z.coerce.number().int().min(0).optional(),
});

export const textSlice = z.object({
  text: z.string(),
  start: z.number().int(),
  end: z.number().int(),
  characters: z.number().int(),
});

export const examples = z.object({ questions: z.array(z.string()) });

export const sampleInfo = z.object({ title: z.string(), path: z.string(), questions: z.array(z.string()) });

export const status = z.object({
  learning: z.string().describe('What is learned now, or came of the last run'),
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  model: z.object({ base: z.string(), adapter: z.string().nullable() }).nullable(),
  documents: z.object({ ready: z.number(), reading: z.number(), failed: z.number() }),
  maxUploadBytes: z.number().int(),
  maxQuestionCharacters: z.number().int(),
});

export const vote = z.object({
  answer: z.string().min(1).max(100).describe('The id of the answer'),
  vote: z.union([z.literal(1), z.literal(-1)]),
  reason: z.string().max(1000).optional(),
  correction: z.string().max(4000).optional(),
});

export const voted = z.object({ correction: z.enum(['waits', 'unsaid']).nullable() });

export const session = z.object({ token: z.string().max(1000) });

/** Messages of the OpenAI protocol; content is text or a list of parts, of which the text ones are read. */
const chatMessage = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z
    .union([z.string(), z.array(z.object({ type: z.string(), text: z.string().optional() }))])
    .nullable()
    .optional(),
});

/** Sampling settings are accepted and have no effect: answers are the documents' own words. */
export const chatRequest = z.object({
  model: z.string().optional(),
  messages: z.array(chatMessage).min(1).max(200),
  stream: z.boolean().nullable().optional(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullable().optional(),
  user: z.string().max(200).optional(),
  n: z.literal(1).nullable().optional(),
});

export type ChatRequest = z.infer<typeof chatRequest>;

/** Parses what came in. @throws DocentError BAD_REQUEST naming the first thing that is wrong. */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const place = issue.path.join('.');
  throw new DocentError('BAD_REQUEST', { reason: place ? `${place}: ${issue.message}` : issue.message });
}
