/** What the page shows about the server itself, and the sample handbook it offers when there is nothing yet. */
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { webAudience } from '../contract.ts';
import { sampleHandbook } from '../sample/sample.ts';
import * as schemas from '../schemas.ts';

export function statusRoutes(app: FastifyInstance, context: Context): void {
  const { documents, health, models, learning, config } = context;

  app.get(
    '/api/status',
    { config: { describe: { summary: 'Readiness, model and counts of documents', response: schemas.status } } },
    async () => {
      const checks = await health.checks();
      const ready = checks.every((check) => check.ok);
      // A status page that fails because something failed would be of no use.
      const [list, model, line] = await Promise.all([
        documents.list(webAudience).catch(() => []),
        models.list().catch(() => null),
        learning.line().catch(() => ''),
      ]);
      const count = (...states: string[]) => list.filter((document) => states.includes(document.status)).length;
      return {
        ready,
        checks,
        learning: line,
        model: model && {
          base: model.base.id,
          adapter: model.adapters.find((adapter) => adapter.alias.includes('champion'))?.id ?? null,
        },
        documents: {
          ready: count('ready', 'duplicate', 'replaced'),
          reading: count('received'),
          failed: count('failed'),
        },
        maxUploadBytes: config.DOCENT_MAX_UPLOAD_MB * 1024 * 1024,
        maxQuestionCharacters: schemas.maxQuestionCharacters,
      };
    },
  );

  app.get(
    '/api/sample',
    { config: { describe: { summary: 'The sample handbook and its questions', response: schemas.sampleInfo } } },
    async () => {
      const { title, path, questions } = sampleHandbook();
      return { title, path, questions };
    },
  );

  app.post(
    '/api/sample',
    {
      config: {
        limit: 'uploads',
        describe: { summary: 'Take up the sample handbook', status: 202, response: schemas.documentRecord },
      },
    },
    async (_request, reply) => reply.code(202).send(await documents.sample()),
  );
}
