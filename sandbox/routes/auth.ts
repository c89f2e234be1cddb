import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ErrorAnswer } from '../error-answer';
import type { People } from '../people';
import { accessTokenBody, clientTokenBody, validate } from '../requests';
import type { Tokens } from '../tokens';

/** The credentials of the sandbox's only carrier. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The token host. */
export function authRoutes(app: FastifyInstance, people: People, tokens: Tokens, credentials: Credentials): void {
  app.post('/v1/admin/token', async (request) => {
    checkCredentials(validate(clientTokenBody, 'payload', request.body), credentials);
    return tokens.mintClient();
  });

  app.post('/v1/connect/token', async (request) => {
    const body = validate(accessTokenBody, 'payload', request.body);
    checkCredentials(body, credentials);
    const [person] = people.find({ clientUserId: body.client_user_id });
    // Upstream documents only the rejection, so unknown, deleted and unconnected people get the same answer.
    if (!person?.connected) throw new ErrorAnswer(403, 'The user has not connected a data source, or does not exist.');
    return tokens.mintAccess(person.humanId);
  });
}

function checkCredentials(
  body: { client_id: string; client_secret: string },
  { clientId, clientSecret }: Credentials,
): void {
  if (body.client_id !== clientId || !isEqualText(body.client_secret, clientSecret)) {
    throw new ErrorAnswer(401, 'Unknown client_id or wrong client_secret.');
  }
}

function isEqualText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
