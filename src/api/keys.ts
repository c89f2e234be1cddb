import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * What an API key may do, in this order: start applicants, read applicants, read personal details and invitation links, read reports, act on
 * applicants, read the audit log. No role includes another.
 */
export const ROLES = ['intake', 'read', 'contact', 'records', 'operate', 'audit'] as const;
export type Role = (typeof ROLES)[number];

/** A key as it is configured; only its holder has the key itself. */
export interface ApiKey {
  /** Names the holder in the audit log. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** SHA-256 of the key. */
  readonly hash: Buffer;
}

const ENTRY = /^([A-Za-z0-9][\w.-]{0,63}):([a-z+]+):([\da-fA-F]{64})$/;

export const API_KEYS_EXPECTED = `name:role+role:sha256 of the key in hex, comma-separated, no name and no hash twice (roles: ${ROLES.join(' ')})`;

/** Parses `API_KEYS`; null if the text is not {@link API_KEYS_EXPECTED}. */
export function parseApiKeys(text: string): readonly ApiKey[] | null {
  const keys: ApiKey[] = [];
  for (const entry of text.split(',')) {
    const [, name, roles, hash] = ENTRY.exec(entry.trim()) ?? [];
    if (name === undefined || roles === undefined || hash === undefined) return null;
    const words = roles.split('+');
    const known = ROLES.filter((role) => words.includes(role));
    if (known.length !== words.length) return null;
    keys.push({ name, roles: known, hash: Buffer.from(hash, 'hex') });
  }
  const areDistinct = (values: readonly string[]) => new Set(values).size === values.length;
  const isValid =
    areDistinct(keys.map(({ name }) => name)) && areDistinct(keys.map(({ hash }) => hash.toString('hex')));
  return isValid ? keys : null;
}

/**
 * Finds the entry of a key; null if it is not listed. Every digest is compared, so that the time reveals nothing. A fast hash is enough, because a
 * key has 256 random bits and is not a password.
 */
export function createKeyFinder(keys: readonly ApiKey[]): (key: string) => ApiKey | null {
  return (key) => {
    const digest = createHash('sha256').update(key).digest();
    const matches = keys.filter(({ hash }) => timingSafeEqual(hash, digest));
    return matches[0] ?? null;
  };
}
