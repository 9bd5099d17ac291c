/** Liveness, readiness, metrics. */
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';

export function healthRoutes(app: FastifyInstance, { health, metrics, isPrivate }: Context): void {
  app.get('/healthz', { config: { guard: 'host' } }, async () => ({ ok: true }));

  app.get('/readyz', { config: { guard: 'host' } }, async (_request, reply) => {
    const checks = await health.checks();
    const ready = checks.every((check) => check.ok);
    return reply.code(ready ? 200 : 503).send({
      ready,
      // Off loopback anybody may ask: whether, not how and where.
      checks: isPrivate ? checks : checks.map(({ name, ok }) => ({ name, ok })),
    });
  });

  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
