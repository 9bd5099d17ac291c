/**
 * The answer service behind the OpenAI protocol. The last user message is the question, earlier ones are the thread;
 * sources are in the `docent` field. https://platform.openai.com/docs/api-reference/chat
 */
import type { FastifyInstance } from 'fastify';
import type { Answer } from '../../answers/contract.ts';
import { DocentError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { webAudience } from '../contract.ts';
import { openaiProblemOf, toDocentError } from '../problems.ts';
import * as schemas from '../schemas.ts';
import { replyWithEvents } from '../sse.ts';
import { createThreads, type Turn } from '../threads.ts';

type Content = schemas.ChatRequest['messages'][number]['content'];

const textOf = (content: Content): string =>
  typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');

/** What was said before, and the question. System and tool messages are not for a reader of documents. */
function splitMessages(messages: schemas.ChatRequest['messages']): { earlier: Turn[]; question: string } {
  const last = messages.findLastIndex((message) => message.role === 'user');
  if (last < 0) throw new DocentError('BAD_REQUEST', { reason: 'messages: there is none with the role user' });
  const earlier = messages
    .slice(0, last)
    .filter((message) => message.role === 'user' || message.role === 'assistant')
    .map((message) => ({ role: message.role as Turn['role'], text: textOf(message.content) }));
  return { earlier, question: textOf(messages[last]!.content) };
}

const unixSeconds = (date: Date | null | undefined): number => Math.floor((date?.getTime() ?? 0) / 1000);

export function openaiRoutes(app: FastifyInstance, context: Context): void {
  const { answerer, metrics, models, log } = context;
  const threads = createThreads();
  // A token of English is about four characters.
  const tokensOf = (text: string): number => models.countTokens?.(text) ?? Math.ceil(text.length / 4);

  app.get('/v1/models', async () => {
    const { base, adapters } = await models.list();
    // The form of vLLM, whose clients look for `parent` to tell adapters from bases.
    const model = (id: string, parent: string | null, created: Date | null | undefined) => ({
      id,
      object: 'model',
      created: unixSeconds(created),
      owned_by: 'docent',
      root: id,
      parent,
    });
    return {
      object: 'list',
      data: [
        model(base.id, null, base.created),
        ...adapters.map((adapter) => model(adapter.id, base.id, adapter.created)),
      ],
    };
  });

  app.post('/v1/chat/completions', { config: { limit: 'questions' } }, async (request, reply) => {
    const asked = schemas.parse(schemas.chatRequest, request.body);
    const { earlier, question } = splitMessages(asked.messages);
    if (question.length > schemas.maxQuestionCharacters)
      throw new DocentError('QUESTION_TOO_LONG', { length: question.length, limit: schemas.maxQuestionCharacters });
    const userId = asked.user ? `v1:${asked.user}` : context.callerId(request.ip);
    const created = Math.floor(Date.now() / 1000);

    /** The thread that holds `earlier`; where none does (restart, edited history), one begun with its last question. */
    const threadOf = async (signal: AbortSignal): Promise<string> => {
      const known = earlier.length > 0 ? threads.claim(userId, earlier) : undefined;
      if (known) return known;
      const thread = threads.fresh();
      const previous = earlier.findLast((turn) => turn.role === 'user');
      if (previous) {
        const again = { text: previous.text, audience: webAudience, thread, userId };
        // Without it the question still has an answer, only not as a follow-up.
        await answerer.ask(again, { signal }).catch(() => {});
      }
      return thread;
    };

    const answerTo = async (gone: AbortSignal): Promise<Answer> => {
      const signal = AbortSignal.any([gone, context.givingUp]);
      const done = metrics.question('v1');
      try {
        const thread = await threadOf(signal);
        const answer = await answerer.ask({ text: question, audience: webAudience, thread, userId }, { signal });
        const turns: Turn[] = [...earlier, { role: 'user', text: question }, { role: 'assistant', text: answer.text }];
        threads.remember(userId, turns, thread);
        done(answer);
        return answer;
      } catch (thrown) {
        const error = toDocentError(thrown, (fields) => log.error(fields, 'a question failed'));
        done(error);
        throw error;
      }
    };

    const head = (answer: Answer, object: string) => ({
      id: `chatcmpl-${answer.id}`,
      object,
      created,
      // What really answered, whatever name was asked for: one reader is in service at a time.
      model: answer.model.adapter ?? answer.model.base,
    });
    const usageOf = (answer: Answer) => {
      const prompt = asked.messages.reduce((sum, message) => sum + tokensOf(textOf(message.content)), 0);
      const completion = tokensOf(answer.text);
      return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
    };

    if (!asked.stream) {
      const gone = new AbortController();
      reply.raw.on('close', () => gone.abort());
      const answer = await answerTo(gone.signal);
      return {
        ...head(answer, 'chat.completion'),
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: answer.text, refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage: usageOf(answer),
        docent: answer,
      };
    }

    const includeUsage = asked.stream_options?.include_usage === true;
    return replyWithEvents(reply, async (events) => {
      try {
        const answer = await answerTo(events.signal);
        const chunk = (delta: object, finish: 'stop' | null, more: object = {}) => ({
          ...head(answer, 'chat.completion.chunk'),
          choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
          ...(includeUsage ? { usage: null } : {}),
          ...more,
        });
        events.send(chunk({ role: 'assistant', content: '' }, null));
        events.send(chunk({ content: answer.text }, null));
        events.send(chunk({}, 'stop', { docent: answer }));
        if (includeUsage)
          events.send({ ...head(answer, 'chat.completion.chunk'), choices: [], usage: usageOf(answer) });
      } catch (error) {
        events.send({ error: openaiProblemOf(error as DocentError) });
      }
      events.sendRaw('[DONE]');
    });
  });
}
