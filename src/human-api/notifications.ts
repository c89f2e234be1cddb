import { createHash } from 'node:crypto';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import { isRecord, parseJson } from './json';
import { dateOf, reportIdOf } from './wire';

/** What one element of a notification says: a hint, never a truth. `other` is answered 200 and counted. */
export type Notice =
  | { kind: 'status'; clientUserId: string; humanId: string; status: string; updatedAt: string | null }
  | { kind: 'report'; humanId: string; reportId: string; type: string | null; updatedAt: string | null }
  | { kind: 'other'; reason: 'junk' | 'unknown-kind' | 'invalid-id' };

const JUNK: Notice = { kind: 'other', reason: 'junk' };
const UNKNOWN_KIND: Notice = { kind: 'other', reason: 'unknown-kind' };
const INVALID_ID: Notice = { kind: 'other', reason: 'invalid-id' };

const LONGEST_STATUS = 100;
const LONGEST_TYPE = 100;
/** The known endpoints have fifty characters; a longer text than this is none. */
const LONGEST_ENDPOINT = 2_000;

/** A notification's body (one object, or an array of them) as notices, one an element; a bad element spoils no other. Never throws. */
export function parseNotices(rawBody: Buffer): { ok: true; notices: Notice[] } | { ok: false; expected: string } {
  const body = parseJson(rawBody);
  const elements: unknown[] = Array.isArray(body) ? body : isRecord(body) ? [body] : [];
  if (elements.length === 0) return { ok: false, expected: 'a JSON object or a non-empty array of objects' };
  return { ok: true, notices: elements.map(noticeOf) };
}

/** Temporal's request id of a notice: the first 32 hex digits of a SHA-256 of all it says, so that a repeat is dropped by the server. */
export function noticeRequestId(notice: Notice): string {
  const said = Object.entries(notice).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32);
}

function noticeOf(element: unknown): Notice {
  if (!isRecord(element)) return JUNK;
  const property = element['property'];
  if (typeof property === 'string' && property.toLowerCase() === 'status') return statusNotice(element);
  return isReportsEndpoint(element['endpoint']) ? reportNotice(element) : UNKNOWN_KIND;
}

function statusNotice(element: Record<string, unknown>): Notice {
  const { clientUserId, humanId, value } = element;
  if (!isClientUserId(clientUserId) || !isHumanId(humanId)) return INVALID_ID;
  if (typeof value !== 'string' || value.trim() === '' || value.length > LONGEST_STATUS) return JUNK;
  return { kind: 'status', clientUserId, humanId, status: value, updatedAt: dateOf(element['updatedAt']) };
}

function reportNotice(element: Record<string, unknown>): Notice {
  const humanId = element['humanId'];
  const reportId = reportIdOf(element['objectId']);
  if (!isHumanId(humanId) || reportId === null) return INVALID_ID;
  const type = element['type'];
  const told = typeof type === 'string' && type !== '' && type.length <= LONGEST_TYPE ? type : null;
  return { kind: 'report', humanId, reportId, type: told, updatedAt: dateOf(element['updatedAt']) };
}

/** The endpoint names the kind and nothing else: it is never called, so its host does not matter. */
function isReportsEndpoint(endpoint: unknown): boolean {
  if (typeof endpoint !== 'string' || endpoint.length > LONGEST_ENDPOINT) return false;
  const names = (endpoint.split(/[?#]/, 1)[0] ?? '').split('/').filter((name) => name !== '');
  return names.slice(-3).join('/').toLowerCase() === 'human/medical/reports';
}
