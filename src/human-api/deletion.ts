import type { CallFacts } from '../upstream/errors';
import { parseRequestId } from './error-body';
import { isRecord, parseBoundedJson } from './json';

/**
 * True for a success that can only be upstream's: the empty body that the cookbook documents, or JSON that names the person or carries a
 * request id, and no error. A page, or JSON of no known form, may be a proxy's.
 */
export function isDeletionConfirmed(humanId: string, { status }: CallFacts, body: Buffer): boolean {
  if (status !== 200 && status !== 202 && status !== 204) return false;
  if (body.toString('latin1').trim() === '') return true;
  const value = parseBoundedJson(body);
  if (!isRecord(value) || (value['error'] ?? null) !== null) return false;
  return value['humanId'] === humanId || parseRequestId(value['x-humanapi-request-id']) !== null;
}
