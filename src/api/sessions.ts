import { createHash, randomBytes } from 'node:crypto';
import { createExpiringMap } from '../process/expiring-map';
import type { ApiKey } from './keys';

/** The sessions of browsers that sent a key. Only in memory: a restart ends them. */
export interface Sessions {
  /** Begins a session and returns its token. */
  begin(key: ApiKey): string;
  /** Null if the session has ended, or never was one. */
  findKey(token: string): ApiKey | null;
  end(token: string): void;
}

const SESSION_S = 3_600;
/** Bounds the memory that logins can use; the oldest session ends first. */
const MAX_SESSIONS = 1_000;

export function createSessions(nowMs: () => number = Date.now): Sessions {
  // The keys of the map are hashes, so that the time of a look-up reveals nothing about a token.
  const keys = createExpiringMap<ApiKey>({ max: MAX_SESSIONS, ttlMs: SESSION_S * 1_000, nowMs });
  return {
    begin(key) {
      const token = randomBytes(32).toString('base64url');
      keys.set(hash(token), key);
      return token;
    },
    findKey: (token) => keys.peek(hash(token)) ?? null,
    end(token) {
      keys.delete(hash(token));
    },
  };
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** With `__Host-`, a browser accepts the cookie over TLS only, and from no other host of the domain. */
const SECURE_NAME = '__Host-chartway';
/** Browsers reject the prefix over plain HTTP, which is allowed on loopback only. */
const LOOPBACK_NAME = 'chartway';

/** The `Set-Cookie` header of a session; null deletes the cookie. */
export function sessionCookie(token: string | null, isSecure: boolean): string {
  const [name, flags] = isSecure ? [SECURE_NAME, '; Secure'] : [LOOPBACK_NAME, ''];
  return `${name}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${token === null ? 0 : SESSION_S}${flags}`;
}

/** The token in a `Cookie` header; null if it has none. */
export function parseSessionToken(cookies: string | undefined, isSecure: boolean): string | null {
  const name = isSecure ? SECURE_NAME : LOOPBACK_NAME;
  for (const cookie of (cookies ?? '').split(';')) {
    const [key, token] = cookie.trim().split('=', 2);
    if (key === name && token) return token;
  }
  return null;
}
