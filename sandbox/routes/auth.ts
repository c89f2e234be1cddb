import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { Refusal } from '../envelopes';
import type { People } from '../people';
import { accessTokenBody, clientTokenBody, validated } from '../requests';
import type { Tokens } from '../tokens';

/** The credentials of the one carrier that the sandbox knows. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The token host. */
export function authRoutes(app: FastifyInstance, people: People, tokens: Tokens, credentials: Credentials): void {
  app.post('/v1/admin/token', async (request) => {
    checkCredentials(validated(clientTokenBody, 'payload', request.body), credentials);
    return tokens.mintClient();
  });

  app.post('/v1/connect/token', async (request) => {
    const body = validated(accessTokenBody, 'payload', request.body);
    checkCredentials(body, credentials);
    const [person] = people.find({ clientUserId: body.client_user_id });
    // One answer for "never invited", "deleted" and "nothing connected yet": upstream documents only that it refuses.
    if (!person?.connected) throw new Refusal(403, 'The user has not connected a source of data, or is gone.');
    return tokens.mintAccess(person.humanId);
  });
}

function checkCredentials(
  body: { client_id: string; client_secret: string },
  { clientId, clientSecret }: Credentials,
): void {
  if (body.client_id !== clientId || !sameText(body.client_secret, clientSecret)) {
    throw new Refusal(401, 'Unknown client_id or wrong client_secret.');
  }
}

function sameText(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
