/** Signing in from a browser, where the server is reachable from other machines. */
import type { FastifyInstance } from 'fastify';
import { DocentError } from '../../errors.ts';
import type { Guard } from '../guard.ts';
import type { Buckets } from '../limits.ts';
import * as schemas from '../schemas.ts';
import { sendSignInPage } from '../sign-in.ts';

export function sessionRoutes(app: FastifyInstance, guard: Guard, wrongTokens: Buckets): void {
  app.post(
    '/api/session',
    {
      bodyLimit: 4096,
      config: {
        guard: 'session',
        describe: {
          summary: 'Trade the token for a session cookie',
          detail: 'JSON gives 204; the form of the sign-in page is sent back to the page.',
          request: schemas.session,
          status: 204,
        },
      },
    },
    async (request, reply) => {
      const fromPage = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
      const seconds = wrongTokens.wait(request.ip);
      if (seconds > 0) throw new DocentError('RATE_LIMITED', { seconds });
      const { token } = schemas.parse(schemas.session, request.body);
      if (!guard.isToken(token.trim())) {
        wrongTokens.take(request.ip);
        if (fromPage) return sendSignInPage(reply, 'That is not the token. Look for DOCENT_TOKEN in the settings.');
        throw new DocentError('UNAUTHORIZED');
      }
      reply.header('set-cookie', guard.newSession(request.protocol === 'https'));
      return fromPage ? reply.redirect('/', 303) : reply.code(204).send();
    },
  );
}
