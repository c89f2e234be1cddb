import { createHash, timingSafeEqual } from 'node:crypto';

/** What an API key may do: enrol, see applicants, see medical and personal data, act on applicants, read the audit log. None includes another. */
export const ROLES = ['intake', 'read', 'records', 'operate', 'audit'] as const;
export type Role = (typeof ROLES)[number];

/** A key as it is configured: the key itself is known to its holder alone. */
export interface ApiKey {
  /** Stands in the audit log for whoever holds the key. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** SHA-256 of the key. */
  readonly hash: Buffer;
}

const ENTRY = /^([A-Za-z0-9][\w.-]{0,63}):([a-z+]+):([\da-fA-F]{64})$/;

export const API_KEYS_EXPECTED = `name:role+role:sha256 of the key in hex, comma-separated, no name and no hash twice (roles: ${ROLES.join(' ')})`;

/** Reads `API_KEYS`; null where it is not {@link API_KEYS_EXPECTED}. */
export function parseApiKeys(text: string): readonly ApiKey[] | null {
  const keys: ApiKey[] = [];
  for (const entry of text.split(',')) {
    const [, name, roles, hash] = ENTRY.exec(entry.trim()) ?? [];
    if (name === undefined || roles === undefined || hash === undefined) return null;
    const given = roles.split('+');
    const known = ROLES.filter((role) => given.includes(role));
    if (known.length !== given.length) return null;
    keys.push({ name, roles: known, hash: Buffer.from(hash, 'hex') });
  }
  const distinct = (values: readonly string[]) => new Set(values).size === values.length;
  return distinct(keys.map(({ name }) => name)) && distinct(keys.map(({ hash }) => hash.toString('hex'))) ? keys : null;
}

/**
 * Finds whose key a text is; null: nobody's. Digests are of one length and every one is compared, so that the time taken tells nothing. A fast
 * hash does, because a key is 256 random bits and no password.
 */
export function createKeyCheck(keys: readonly ApiKey[]): (shown: string) => ApiKey | null {
  return (shown) => {
    const digest = createHash('sha256').update(shown).digest();
    const matches = keys.filter((key) => timingSafeEqual(key.hash, digest));
    return matches[0] ?? null;
  };
}
