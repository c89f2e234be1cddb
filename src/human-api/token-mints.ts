import { AccessDenied, Unavailable } from '../upstream/errors';
import type { Exchange } from './exchange';
import { isRecord, parseBoundedJson } from './json';
import { isRejected, type Reply, requireContent } from './reply';

/** Asks upstream for the token of a key and tells how long it lives. */
export type TokenMint = (key: string) => Promise<{ readonly token: string; readonly lifeMs: number }>;

/** Upstream says 86400 s; where it says nothing usable we ask again soon. */
const DEFAULT_LIFE_MS = 5 * 60_000;
const MAX_LIFE_MS = 366 * 86_400_000;

/** Who we are to Human API. */
interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The client token, for the admin host (one key, ''). A refusal is a fault of our settings. @throws RateLimited, Unavailable */
export function clientTokenMint(exchange: Exchange, { clientId, clientSecret }: Credentials): TokenMint {
  const body = { client_id: clientId, client_secret: clientSecret, type: 'client' };
  return async () => {
    const reply = await exchange.requestBody({ method: 'POST', host: 'auth', route: '/v1/admin/token', body });
    if (isRejected(reply, (status) => status === 400 || status === 401 || status === 403)) {
      const advice = 'check HUMAN_API_CLIENT_ID and HUMAN_API_CLIENT_SECRET';
      throw new Unavailable(reply.facts, `our credentials were refused (${reply.facts.status}); ${advice}`);
    }
    // Samples differ in the field's name.
    return parseToken(reply, ['client_token', 'access_token']);
  };
}

/**
 * The access token, for the data host, by clientUserId. How upstream refuses it while the person has connected nothing, and after deletion,
 * is not documented: any 4xx in one of upstream's envelopes is taken as that. @throws NotYet, RateLimited, Unavailable
 */
export function accessTokenMint(exchange: Exchange, { clientId, clientSecret }: Credentials): TokenMint {
  return async (clientUserId) => {
    const body = { client_id: clientId, client_secret: clientSecret, client_user_id: clientUserId, type: 'access' };
    const reply = await exchange.requestBody({ method: 'POST', host: 'auth', route: '/v1/connect/token', body });
    if (isRejected(reply, (status) => status >= 400 && status < 500 && status !== 408))
      throw new AccessDenied(reply.facts);
    return parseToken(reply, ['access_token']);
  };
}

function parseToken(reply: Reply<Buffer>, names: readonly string[]): Awaited<ReturnType<TokenMint>> {
  const body = parseBoundedJson(requireContent(reply));
  const fields = isRecord(body) ? body : {};
  const token = names.map((name) => fields[name]).find(isToken);
  if (token === undefined) {
    throw new Unavailable(reply.facts, `expected JSON with a usable ${names.join(' or ')}, none came`);
  }
  const expiresIn = fields['expires_in'];
  // Anything else than these two may throw on its way to a number.
  const lifeMs = typeof expiresIn === 'number' || typeof expiresIn === 'string' ? Number(expiresIn) * 1_000 : 0;
  return { token, lifeMs: lifeMs > 0 && lifeMs <= MAX_LIFE_MS ? lifeMs : DEFAULT_LIFE_MS };
}

/** What a header can carry, with room for the longest JWT that servers take. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,8000}$/.test(value);
}
