import type { Role } from './keys';

/** The callers of a route: anyone, any holder of a valid key or session, or a holder of this role. */
export type Access = 'public' | 'authenticated' | Role;

/** The access of every route. The process does not start if a route is missing here. test/api/access.test.ts tries every combination. */
export const ACCESS: Readonly<Record<string, Access>> = {
  'GET /healthz': 'public',
  'GET /whoami': 'authenticated',
  // The login form and its target.
  'GET /session': 'public',
  'POST /session': 'public',
  'DELETE /session': 'authenticated',
  // A browser's preflight request carries no credentials.
  'OPTIONS /codec/decode': 'public',
  'POST /codec/decode': 'records',
};

/** @throws Error for a route without an entry */
export function accessOf(method: string, url: string): Access {
  const access = ACCESS[`${method} ${url}`];
  if (access === undefined) throw new Error(`expected ${method} ${url} in the table of src/api/access.ts`);
  return access;
}
