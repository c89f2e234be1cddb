import type { FastifyRequest } from 'fastify';
import type { People } from '../people';
import type { CallName } from '../scenario/schema';
import type { Tokens } from '../tokens';

const CALL_NAMES: Readonly<Record<string, CallName>> = {
  'POST /auth/v1/admin/token': 'token',
  'POST /auth/v1/connect/token': 'access-token',
  'POST /admin/api/v1/users': 'create',
  'GET /admin/api/v1/users': 'look-up',
  'GET /admin/api/v1/users/:humanId': 'read',
  'DELETE /admin/api/v1/users/:humanId': 'delete',
  'GET /data/v1/human/medical/reports': 'list',
  'GET /data/v1/human/medical/reports/:id/raw': 'download',
};

/** The name of upstream's call; undefined for an unknown path. */
export function callName({ method, routeOptions }: FastifyRequest): CallName | undefined {
  return CALL_NAMES[`${method} ${routeOptions.url}`];
}

/** The clientUserId that a request concerns, or ''. Call it after the body was read. */
export function clientUserIdOf(request: FastifyRequest, people: People, tokens: Tokens): string {
  const parts = [request.body, request.query, request.params].map((part) => Object(part) as Record<string, unknown>);
  const ids = parts.flatMap((part) => [part['clientUserId'], part['client_user_id']]);
  const clientUserId = ids.find((id) => typeof id === 'string');
  if (clientUserId !== undefined) return clientUserId;
  const humanIds = [...parts.map((part) => part['humanId']), tokens.find(request.headers.authorization)?.humanId];
  const humanId = humanIds.find((id) => typeof id === 'string');
  return humanId === undefined ? '' : (people.byHumanIdEver(humanId)?.clientUserId ?? '');
}
