import { createHash } from 'node:crypto';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import { instantMs } from '../domain/instants';
import { MINUTE_MS } from '../domain/policy';
import { isRecord, parseJson } from './json';
import { dateOf, reportIdOf } from './wire';

/** What one element of a notification says: a hint, never a truth. `other` is answered 200 and counted. */
export type Notice =
  | ({ kind: 'status'; clientUserId: string; humanId: string; status: string; updatedAt: string | null } & Identified)
  | ({ kind: 'report'; humanId: string; reportId: string; type: string | null; updatedAt: string | null } & Identified)
  | { kind: 'other'; reason: 'junk' | 'unknown-kind' | 'invalid-id' };

/** `requestId`: computed when the notice was parsed, from all it said. Missing in what 0.1.0 stored. */
interface Identified {
  requestId?: string;
}

const JUNK: Notice = { kind: 'other', reason: 'junk' };
const UNKNOWN_KIND: Notice = { kind: 'other', reason: 'unknown-kind' };
const INVALID_ID: Notice = { kind: 'other', reason: 'invalid-id' };

const LONGEST_STATUS = 100;
const LONGEST_TYPE = 100;
/** The known endpoints have fifty characters; a longer text than this is none. */
const LONGEST_ENDPOINT = 2_000;

/**
 * A notification's body (one object, or an array of them) as notices, one an element; a bad element spoils no other. Never throws.
 * `nowMs` is the time of arrival.
 */
export function parseNotices(
  rawBody: Buffer,
  nowMs = Date.now(),
): { ok: true; notices: Notice[] } | { ok: false; expected: string } {
  const body = parseJson(rawBody);
  const elements: unknown[] = Array.isArray(body) ? body : isRecord(body) ? [body] : [];
  if (elements.length === 0) return { ok: false, expected: 'a JSON object or a non-empty array of objects' };
  return { ok: true, notices: elements.map((element) => noticeOf(element, nowMs)) };
}

/**
 * Temporal's request id of a notice, 32 hex digits: the server drops a repeat within a run. A notice that 0.1.0 stored has none; its id is
 * computed from its fields, as 0.1.0 did.
 */
export function noticeRequestId(notice: Notice): string {
  if (notice.kind !== 'other' && notice.requestId !== undefined) return notice.requestId;
  return digestOf(Object.entries(notice).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const REQUEST_ID = /^[0-9a-f]{32}$/;

export function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && REQUEST_ID.test(value);
}

/** A sender that tries again does so sooner. */
const UNDATED_REPEAT_MS = 10 * MINUTE_MS;

/**
 * Covers what the notice says, the date and the action as they came: two dates that cannot be read are not the same date. A notice without a
 * readable date is a repeat only for ten minutes; without that limit a later one would be dropped for the life of a run.
 */
function requestIdOf(fields: readonly unknown[], element: Record<string, unknown>, nowMs: number): string {
  const { updatedAt, action } = element;
  const dated = typeof updatedAt === 'string' && instantMs(updatedAt) !== null;
  return digestOf([...fields, scalar(updatedAt), scalar(action), dated ? null : Math.floor(nowMs / UNDATED_REPEAT_MS)]);
}

/** A text, number or boolean of upstream's as it came; anything else is `null`: nesting has no limit, and says nothing here. */
function scalar(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

function noticeOf(element: unknown, nowMs: number): Notice {
  if (!isRecord(element)) return JUNK;
  const property = element['property'];
  if (typeof property === 'string' && property.toLowerCase() === 'status') return statusNotice(element, nowMs);
  return isReportsEndpoint(element['endpoint']) ? reportNotice(element, nowMs) : UNKNOWN_KIND;
}

function statusNotice(element: Record<string, unknown>, nowMs: number): Notice {
  const { clientUserId, humanId, value: status } = element;
  if (!isClientUserId(clientUserId) || !isHumanId(humanId)) return INVALID_ID;
  if (typeof status !== 'string' || status.trim() === '' || status.length > LONGEST_STATUS) return JUNK;
  const requestId = requestIdOf(['status', clientUserId, humanId, status], element, nowMs);
  return { kind: 'status', clientUserId, humanId, status, updatedAt: dateOf(element['updatedAt']), requestId };
}

function reportNotice(element: Record<string, unknown>, nowMs: number): Notice {
  const humanId = element['humanId'];
  const reportId = reportIdOf(element['objectId']);
  if (!isHumanId(humanId) || reportId === null) return INVALID_ID;
  const upstreamType = element['type'];
  const isType = typeof upstreamType === 'string' && upstreamType !== '' && upstreamType.length <= LONGEST_TYPE;
  const type = isType ? upstreamType : null;
  const requestId = requestIdOf(['report', humanId, reportId, type], element, nowMs);
  return { kind: 'report', humanId, reportId, type, updatedAt: dateOf(element['updatedAt']), requestId };
}

/** The endpoint names the kind and nothing else: it is never called, so its host does not matter. */
function isReportsEndpoint(endpoint: unknown): boolean {
  if (typeof endpoint !== 'string' || endpoint.length > LONGEST_ENDPOINT) return false;
  const names = (endpoint.split(/[?#]/, 1)[0] ?? '').split('/').filter((name) => name !== '');
  return names.slice(-3).join('/').toLowerCase() === 'human/medical/reports';
}
