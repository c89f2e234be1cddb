import type { FastifyRequest } from 'fastify';
import type { People } from '../people';
import type { CallName } from '../scenario/schema';
import type { Tokens } from '../tokens';

const NAMES: Readonly<Record<string, CallName>> = {
  'POST /auth/v1/admin/token': 'token',
  'POST /auth/v1/connect/token': 'access-token',
  'POST /admin/api/v1/users': 'create',
  'GET /admin/api/v1/users': 'look-up',
  'GET /admin/api/v1/users/:humanId': 'read',
  'DELETE /admin/api/v1/users/:humanId': 'delete',
  'GET /data/v1/human/medical/reports': 'list',
  'GET /data/v1/human/medical/reports/:id/raw': 'download',
};

/** Which of upstream's calls a request is; undefined for a path that there is not. */
export function callOf({ method, routeOptions }: FastifyRequest): CallName | undefined {
  return NAMES[`${method} ${routeOptions.url}`];
}

/** The clientUserId of the person whom a request is about, '' for nobody's. The body has been read. */
export function aboutWhom(request: FastifyRequest, people: People, tokens: Tokens): string {
  const said = [request.body, request.query, request.params].map((part) => Object(part) as Record<string, unknown>);
  const ids = said.flatMap((part) => [part['clientUserId'], part['client_user_id']]);
  const named = ids.find((id) => typeof id === 'string');
  if (named !== undefined) return named;
  const humanIds = [...said.map((part) => part['humanId']), tokens.find(request.headers.authorization)?.humanId];
  const humanId = humanIds.find((id) => typeof id === 'string');
  return humanId === undefined ? '' : (people.everHad(humanId)?.clientUserId ?? '');
}
