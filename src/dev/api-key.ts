import { createHash, randomBytes } from 'node:crypto';
import { type ApiKey, ROLES } from '../api/keys';
import { writeText } from './dev-files';

/** In the data folder: the API key of this start, with every role. Commands read it from there, so that it is in no history of a shell. */
export const API_KEY_FILE = 'api-key';
/** Names the holder in the audit log. */
const HOLDER = 'npm-start';

/** Writes a new API key with every role into the data folder (0600) and returns `API_KEYS` with it and the user's own entries. */
export function createApiKeys(folder: string, others: readonly ApiKey[]): string {
  const key = writeText(folder, API_KEY_FILE, randomBytes(32).toString('base64url'));
  const own: ApiKey = { name: HOLDER, roles: ROLES, hash: createHash('sha256').update(key).digest() };
  return [own, ...others.filter(({ name }) => name !== HOLDER)].map(toEntry).join(',');
}

function toEntry({ name, roles, hash }: ApiKey): string {
  return `${name}:${roles.join('+')}:${hash.toString('hex')}`;
}
