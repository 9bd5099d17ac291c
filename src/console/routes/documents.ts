/** Documents of the web: upload, list, look into, delete, and how reading one goes on. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { type Actor, type DocumentRecord, webAudience } from '../contract.ts';
import { type Problem, problemOf, toDocentError } from '../problems.ts';
import * as schemas from '../schemas.ts';
import { replyWithEvents } from '../sse.ts';
import { receiveFiles } from '../uploads.ts';

/** Characters of text that one request gives at most: some 60 pages, quick to send and to show. */
const maxTextCharacters = 200_000;

type WithId = { Params: { id: string } };

export function documentRoutes(app: FastifyInstance, context: Context): void {
  const { documents, metrics, log, config } = context;
  const asError = (thrown: unknown) => toDocentError(thrown, (fields) => log.error(fields, 'a document failed'));
  // Whoever reaches the page sits at this machine or has the token: the operator.
  const actorOf = (address: string): Actor => ({ id: context.callerId(address), isAdmin: true });

  app.get(
    '/api/documents',
    { config: { describe: { summary: 'Documents that the web chat can see', response: schemas.documentList } } },
    async () => ({ documents: await documents.list(webAudience) }),
  );

  app.post(
    '/api/documents',
    {
      config: {
        limit: 'uploads',
        describe: {
          summary: 'Upload files',
          detail:
            'One or more `file` parts. A `channel` field before them places them in that local channel instead of `everyone`. Each file has its own result; follow its reading under /api/documents/{id}/events.',
          request: z.object({ channel: z.string().optional(), file: z.string().meta({ format: 'binary' }) }),
          requestType: 'multipart/form-data',
          status: 202,
          response: schemas.uploadResult,
        },
      },
    },
    async (request, reply) => {
      const results: { path: string; document?: DocumentRecord; error?: Problem }[] = [];
      const actor = actorOf(request.ip);
      await receiveFiles(
        request,
        join(config.home, 'incoming'),
        config.DOCENT_MAX_UPLOAD_MB * 1024 * 1024,
        async ({ path, file, bytes, fields }) => {
          try {
            const channel = fields.channel ? { channel: fields.channel } : {};
            const document = await documents.receive({ path, file, bytes, actor, ...channel });
            metrics.upload(document.status, bytes);
            results.push({ path, document });
          } catch (thrown) {
            const error = asError(thrown);
            metrics.upload(error.code, bytes);
            results.push({ path, error: problemOf(error) });
          }
        },
        (path, error) => {
          metrics.upload(error.code, 0);
          results.push({ path, error: problemOf(error) });
        },
      );
      return reply.code(202).send({ documents: results });
    },
  );

  app.get<WithId>(
    '/api/documents/:id',
    { config: { describe: { summary: 'One document and its sections', response: schemas.documentDetail } } },
    async (request) => {
      const { document, sections, text } = await documents.show(request.params.id, webAudience);
      return { document, sections, characters: text.length };
    },
  );

  app.get<WithId>(
    '/api/documents/:id/text',
    {
      config: {
        describe: {
          summary: 'A stretch of the extracted text',
          detail: `At most ${maxTextCharacters} characters; offsets are those of \`sources\`.`,
          query: schemas.textWindow,
          response: schemas.textSlice,
        },
      },
    },
    async (request) => {
      const wanted = schemas.parse(schemas.textWindow, request.query);
      const { text } = await documents.show(request.params.id, webAudience);
      const start = Math.min(wanted.start, text.length);
      const end = Math.min(wanted.end ?? text.length, start + maxTextCharacters, text.length);
      return { text: text.slice(start, end), start, end: Math.max(start, end), characters: text.length };
    },
  );

  app.get<WithId>(
    '/api/documents/:id/events',
    {
      config: {
        describe: {
          summary: 'How reading a document goes on',
          detail: 'Server-sent events `document`, now and on each change; ends when it is read or has failed.',
          response: schemas.documentRecord,
          responseType: 'text/event-stream',
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await documents.show(id, webAudience); // an unknown one is a plain 404
      return replyWithEvents(reply, async (events) => {
        const signal = AbortSignal.any([events.signal, context.stopping]);
        try {
          for await (const record of documents.changes(id, webAudience, signal)) events.send(record, 'document');
        } catch (thrown) {
          if (!signal.aborted) events.send(problemOf(asError(thrown)), 'error');
        }
      });
    },
  );

  app.delete<WithId>(
    '/api/documents/:id',
    {
      config: {
        describe: {
          summary: 'Delete a document',
          detail: 'Its text, index, original and everything learned from it go with it.',
          status: 204,
        },
      },
    },
    async (request, reply) => {
      await documents.remove(request.params.id, actorOf(request.ip), webAudience);
      return reply.code(204).send();
    },
  );
}
