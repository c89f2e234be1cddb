import { AccessDenied, Unavailable } from '../upstream/errors';
import type { Exchange } from './exchange';
import { isRecord, parseBoundedJson } from './json';
import { isRejected, type Reply, requireContent } from './reply';

/** Requests the token of a key. */
export type TokenMint = (key: string) => Promise<{ readonly token: string; readonly lifeMs: number }>;

/** Human API's tokens live 86400 s. Without a usable value, the token is renewed soon. */
const DEFAULT_LIFE_MS = 5 * 60_000;
const MAX_LIFE_MS = 366 * 86_400_000;

interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Mints the client token, for the admin host; its key is ''. A rejection means that our settings are wrong. @throws RateLimited, Unavailable */
export function clientTokenMint(exchange: Exchange, { clientId, clientSecret }: Credentials): TokenMint {
  const body = { client_id: clientId, client_secret: clientSecret, type: 'client' };
  return async () => {
    const reply = await exchange.requestBody({ method: 'POST', host: 'auth', route: '/v1/admin/token', body });
    if (isRejected(reply, (status) => status === 400 || status === 401 || status === 403)) {
      const advice = 'check HUMAN_API_CLIENT_ID and HUMAN_API_CLIENT_SECRET';
      throw new Unavailable(reply.facts, `Human API rejected our credentials (${reply.facts.status}); ${advice}`);
    }
    // The vendor's samples differ in the field's name.
    return parseToken(reply, ['client_token', 'access_token']);
  };
}

/**
 * Mints the access token of a clientUserId, for the data host. The vendor does not document the answer before the person connects a provider, nor after
 * a deletion, so any 4xx in an envelope counts as denied. @throws AccessDenied, RateLimited, Unavailable
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
  if (token === undefined) throw new Unavailable(reply.facts, `expected JSON with a usable ${names.join(' or ')}`);
  const expiresIn = fields['expires_in'];
  // Number() throws for some types.
  const lifeMs = typeof expiresIn === 'number' || typeof expiresIn === 'string' ? Number(expiresIn) * 1_000 : 0;
  return { token, lifeMs: lifeMs > 0 && lifeMs <= MAX_LIFE_MS ? lifeMs : DEFAULT_LIFE_MS };
}

/** True for a text that a header can contain, up to the longest JWT that servers accept. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,8000}$/.test(value);
}
