import type { Role } from './keys';

/** The callers of a route: anyone, any holder of a valid key or session, or a holder of this role. */
export type Access = 'public' | 'authenticated' | Role;

/** The prefix of the API. A route at the root without it has the same access. */
export const BASE = '/api/v1';

const APPLICANT = '/applicants/:clientUserId';

/**
 * The access of every route, without {@link BASE}. The process does not start if a route is missing here, and the OpenAPI file shows the role of each
 * operation. test/api/access.test.ts tries every combination.
 */
export const ACCESS: Readonly<Record<string, Access>> = {
  'POST /applicants': 'intake',
  'GET /applicants': 'read',
  [`GET ${APPLICANT}`]: 'read',
  [`GET ${APPLICANT}/timeline`]: 'read',
  [`GET ${APPLICANT}/details`]: 'contact',
  [`GET ${APPLICANT}/invitation`]: 'contact',
  [`POST ${APPLICANT}/cancel`]: 'operate',
  [`POST ${APPLICANT}/check-now`]: 'operate',
  [`POST ${APPLICANT}/finish-now`]: 'operate',
  [`POST ${APPLICANT}/withdraw`]: 'operate',
  [`POST ${APPLICANT}/snooze`]: 'operate',
  [`PUT ${APPLICANT}/deadline`]: 'operate',
  [`POST ${APPLICANT}/retry`]: 'operate',
  [`GET ${APPLICANT}/documents`]: 'records',
  [`GET ${APPLICANT}/documents/:documentId`]: 'records',
  [`HEAD ${APPLICANT}/documents/:documentId`]: 'records',
  [`GET ${APPLICANT}/documents/:documentId/view`]: 'records',
  [`GET ${APPLICANT}/documents.zip`]: 'records',
  'POST /batches': 'intake',
  'GET /batches': 'read',
  'GET /batches/:batchId': 'read',
  'GET /batches/:batchId/results': 'read',
  'POST /batches/:batchId/pause': 'operate',
  'POST /batches/:batchId/resume': 'operate',
  'POST /batches/:batchId/cancel': 'operate',
  [`GET ${APPLICANT}/events`]: 'read',
  'GET /deliveries': 'read',
  'POST /events/:eventId/resend': 'operate',
  'GET /endpoints': 'read',
  'POST /endpoints/:name/pause': 'operate',
  'POST /endpoints/:name/resume': 'operate',
  'POST /endpoints/:name/test': 'operate',
  'POST /endpoints/:name/recover': 'operate',
  'GET /stream': 'read',
  'GET /summary': 'read',
  'GET /attention': 'read',
  'GET /system': 'operate',
  'GET /audit': 'audit',

  'GET /whoami': 'authenticated',
  // The login form and its target.
  'GET /session': 'public',
  'POST /session': 'public',
  'DELETE /session': 'authenticated',
  'POST /session/one-time': 'authenticated',

  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /openapi.json': 'public',
  // With the files of the page below it.
  'GET /docs': 'public',
  'GET /problems/:slug': 'public',
  // A browser's preflight request carries no credentials.
  'OPTIONS /codec/decode': 'public',
  'POST /codec/decode': 'records',
};

/** @throws Error for a route without an entry */
export function accessOf(method: string, url: string): Access {
  const path = url.startsWith(`${BASE}/`) ? url.slice(BASE.length) : url;
  const access = isDocsFile(path) ? ACCESS['GET /docs'] : ACCESS[`${method} ${path}`];
  if (access === undefined) throw new Error(`expected ${method} ${path} in the table of src/api/access.ts`);
  return access;
}

function isDocsFile(path: string): boolean {
  return path.startsWith('/docs/');
}
