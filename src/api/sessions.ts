import { createHash, randomBytes } from 'node:crypto';
import type { ApiKey } from './keys';

/** Browsers that have shown a key. In memory: a restart asks for the key again, and a log-out is one. */
export interface Sessions {
  /** A new session of the key's holder: what the browser keeps. */
  begin(key: ApiKey): string;
  /** Null for one that is over, or never was. */
  findKey(token: string): ApiKey | null;
  end(token: string): void;
}

/** Of a working session; whoever is still there shows the key again. */
export const SESSION_S = 3_600;
/** Beyond it the oldest ends: no login can fill the memory. */
const MOST_SESSIONS = 1_000;

export function createSessions(nowMs: () => number = Date.now): Sessions {
  // By the hash of what the browser keeps: what is compared byte by byte is no secret then.
  const sessions = new Map<string, { readonly key: ApiKey; readonly endsMs: number }>();
  return {
    begin(key) {
      for (const [id, { endsMs }] of sessions) if (endsMs <= nowMs()) sessions.delete(id);
      const [oldest] = sessions.size >= MOST_SESSIONS ? sessions.keys() : [];
      if (oldest !== undefined) sessions.delete(oldest);
      const token = randomBytes(32).toString('base64url');
      sessions.set(hashOf(token), { key, endsMs: nowMs() + SESSION_S * 1_000 });
      return token;
    },
    findKey(token) {
      const session = sessions.get(hashOf(token));
      return session !== undefined && session.endsMs > nowMs() ? session.key : null;
    },
    end(token) {
      sessions.delete(hashOf(token));
    },
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
