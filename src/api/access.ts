import type { Role } from './keys';

/** Who may call a route: everybody, whoever shows a good key or session, or whoever has this role. */
export type Access = 'everybody' | 'anybody-known' | Role;

/**
 * Every route with who may call it, in one place. A route that is not listed here does not let the process start.
 * test/api/access.test.ts tries every cell.
 */
export const ACCESS: Readonly<Record<string, Access>> = {
  'GET /healthz': 'everybody',
  'GET /whoami': 'anybody-known',
  // The page on which a browser shows a key, and what it sends.
  'GET /session': 'everybody',
  'POST /session': 'everybody',
  'DELETE /session': 'anybody-known',
  // A browser asks before it posts, and shows no credentials then.
  'OPTIONS /codec/decode': 'everybody',
  'POST /codec/decode': 'records',
};

/** @throws Error for a route that the table does not have: deny by default begins before anybody calls */
export function accessOf(method: string, url: string): Access {
  const access = ACCESS[`${method} ${url}`];
  if (access === undefined) throw new Error(`expected ${method} ${url} in the table of src/api/access.ts`);
  return access;
}
