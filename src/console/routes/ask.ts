/** Questions of the web chat: progress events, then the answer. */
import type { FastifyInstance } from 'fastify';
import { DocentError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { webAudience } from '../contract.ts';
import { problemOf, toDocentError } from '../problems.ts';
import * as schemas from '../schemas.ts';
import { replyWithEvents } from '../sse.ts';

export function askRoutes(app: FastifyInstance, context: Context): void {
  const { answerer, feedback, metrics, log } = context;

  app.post(
    '/api/ask',
    {
      config: {
        limit: 'questions',
        describe: {
          summary: 'Ask a question',
          detail:
            'Answers with server-sent events: `progress` {stage, detail} any number of times, then one `answer`, or one `error`. With `Accept: application/json` the answer alone.',
          request: schemas.askRequest,
          response: schemas.answer,
          responseType: 'text/event-stream',
        },
      },
    },
    async (request, reply) => {
      const asked = schemas.parse(schemas.askRequest, request.body);
      if (asked.question.length > schemas.maxQuestionCharacters)
        throw new DocentError('QUESTION_TOO_LONG', {
          length: asked.question.length,
          limit: schemas.maxQuestionCharacters,
        });
      const question = {
        text: asked.question,
        audience: webAudience,
        thread: asked.thread ? `web-${asked.thread}` : null,
        userId: context.callerId(request.ip),
        ...(asked.key ? { messageKey: `web:${asked.key}` } : {}),
      };
      const answerTo = async (gone: AbortSignal, onProgress?: (stage: string, detail: number) => void) => {
        const done = metrics.question('web');
        try {
          const answer = await answerer.ask(question, {
            signal: AbortSignal.any([gone, context.givingUp]),
            ...(onProgress ? { onProgress } : {}),
          });
          done(answer);
          return answer;
        } catch (thrown) {
          const error = toDocentError(thrown, (fields) => log.error(fields, 'a question failed'));
          done(error);
          throw error;
        }
      };

      if (request.headers.accept?.includes('application/json')) {
        const gone = new AbortController();
        reply.raw.on('close', () => gone.abort());
        return answerTo(gone.signal);
      }
      return replyWithEvents(reply, async (events) => {
        // The first byte at once, so that proxies and pages know that somebody listens.
        events.send({ stage: 'received', detail: 0 }, 'progress');
        try {
          const answer = await answerTo(events.signal, (stage, detail) => events.send({ stage, detail }, 'progress'));
          events.send(answer, 'answer');
        } catch (error) {
          events.send(problemOf(error as DocentError), 'error');
        }
      });
    },
  );

  app.get(
    '/api/examples',
    { config: { describe: { summary: 'Three questions that the documents answer', response: schemas.examples } } },
    async () => ({ questions: await answerer.examples(webAudience) }),
  );

  app.post(
    '/api/feedback',
    {
      config: {
        describe: {
          summary: 'Vote on an answer',
          detail:
            'A second vote on the same answer replaces the first. `correction` says what becomes of the one that was given: `waits` for an admin, or `unsaid` by every document; null without one.',
          request: schemas.vote,
          response: schemas.voted,
        },
      },
    },
    async (request) => {
      const { answer, ...vote } = schemas.parse(schemas.vote, request.body);
      const given = { answerId: answer, userId: context.callerId(request.ip), ...vote };
      return { correction: await feedback.record(given, webAudience) };
    },
  );
}
