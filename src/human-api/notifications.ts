import { isClientUserId, isHumanId, parseReportId } from '../domain/identifiers';
import { parseInstantMs } from '../domain/instants';
import { MINUTE_MS } from '../domain/policy';
import { type ParsedNotice, requestIdOf } from '../upstream/notices';
import { isRecord } from './json';
import { decodeJsonBody, decodeJsonText } from './json-body';
import { parseDateText } from './users/wire';

const JUNK: ParsedNotice = { kind: 'other', reason: 'junk' };
const UNKNOWN_KIND: ParsedNotice = { kind: 'other', reason: 'unknown-kind' };
const INVALID_ID: ParsedNotice = { kind: 'other', reason: 'invalid-id' };
const WRAPPED: ParsedNotice = { kind: 'other', reason: 'wrapped' };

const MAX_STATUS_LENGTH = 100;
const MAX_TYPE_LENGTH = 100;
/** The known endpoints have about fifty characters. */
const MAX_ENDPOINT_LENGTH = 2_000;
/** A shorter text, or one without "humanId", is not parsed, because each failed parse costs an exception. */
const MIN_NOTICE_LENGTH = 50;
const MAX_ENVELOPES = 3;
const MAX_ENVELOPE_FIELDS = 20;

/**
 * Parses the body of a notification: one object, or an array of them, each possibly encoded as a JSON string. One notice per element; an
 * invalid element does not affect the others. Never throws. `nowMs`: the time of arrival.
 */
export function parseNotices(
  rawBody: Buffer,
  nowMs = Date.now(),
): { ok: true; notices: ParsedNotice[] } | { ok: false; expected: string } {
  const body = decodeJsonBody(rawBody);
  const elements: unknown[] = Array.isArray(body) ? body : isRecord(body) ? [body] : [];
  if (elements.length === 0) return { ok: false, expected: 'a JSON object or a non-empty array of objects' };
  return { ok: true, notices: elements.map((element) => parseNotice(element, nowMs)) };
}

/** A sender repeats a notice within this time. */
const UNDATED_REPEAT_MS = 10 * MINUTE_MS;

/**
 * The request id, a hash of everything that a notice states. Ids and dates count as texts, so a number in place of a text gives the same id. Without a
 * readable date, a notice counts as a repeat only within ten minutes: otherwise Temporal would drop all later ones of the run.
 */
function hashNotice(fields: readonly unknown[], element: Record<string, unknown>, nowMs: number): string {
  const updatedAt = scalar(element['updatedAt']);
  const date = typeof updatedAt === 'number' ? String(updatedAt) : updatedAt;
  const isDated = parseInstantMs(parseDateText(date)) !== null;
  const period = isDated ? null : Math.floor(nowMs / UNDATED_REPEAT_MS);
  return requestIdOf([...fields, date, scalar(element['action']), period]);
}

/** Null for objects and arrays, because their nesting has no limit. */
function scalar(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function parseNotice(element: unknown, nowMs: number): ParsedNotice {
  const fields = decodeRecord(element);
  if (fields === null) return JUNK;
  if (isStatusNotice(fields)) return statusNotice(fields, nowMs);
  if (isReportsEndpoint(fields['endpoint'])) return reportNotice(fields, nowMs);
  return isEnvelope(fields) ? WRAPPED : UNKNOWN_KIND;
}

/** An object, possibly encoded as a JSON string. */
function decodeRecord(value: unknown): Record<string, unknown> | null {
  const isEncoded = typeof value === 'string' && value.length >= MIN_NOTICE_LENGTH && value.includes('humanId');
  const decoded = isEncoded ? decodeJsonText(value) : value;
  return isRecord(decoded) ? decoded : null;
}

function isStatusNotice({ property }: Record<string, unknown>): boolean {
  return typeof property === 'string' && property.trim().toLowerCase() === 'status';
}

/** True if a field holds a notice, or an envelope with one. Checks only the first element of a list. */
function isEnvelope(fields: Record<string, unknown>, depth = 1): boolean {
  return Object.values(fields)
    .slice(0, MAX_ENVELOPE_FIELDS)
    .some((value) => {
      const content = decodeRecord(Array.isArray(value) ? value[0] : value);
      if (content === null) return false;
      if (isStatusNotice(content) || isReportsEndpoint(content['endpoint'])) return true;
      return depth < MAX_ENVELOPES && isEnvelope(content, depth + 1);
    });
}

function statusNotice(fields: Record<string, unknown>, nowMs: number): ParsedNotice {
  const clientUserId = parseId(fields['clientUserId']);
  const humanId = parseId(fields['humanId']);
  const status = fields['value'];
  if (!isClientUserId(clientUserId) || !isHumanId(humanId)) return INVALID_ID;
  if (typeof status !== 'string' || status.trim() === '' || status.length > MAX_STATUS_LENGTH) return JUNK;
  const requestId = hashNotice(['status', clientUserId, humanId, status], fields, nowMs);
  return { kind: 'status', clientUserId, humanId, status, updatedAt: parseDateText(fields['updatedAt']), requestId };
}

function reportNotice(fields: Record<string, unknown>, nowMs: number): ParsedNotice {
  const humanId = parseId(fields['humanId']);
  const reportId = parseReportId(parseId(fields['objectId']));
  if (!isHumanId(humanId) || reportId === null) return INVALID_ID;
  const reportType = fields['type'];
  const isType = typeof reportType === 'string' && reportType !== '' && reportType.length <= MAX_TYPE_LENGTH;
  const type = isType ? reportType : null;
  const requestId = hashNotice(['report', humanId, reportId, type], fields, nowMs);
  return { kind: 'report', humanId, reportId, type, updatedAt: parseDateText(fields['updatedAt']), requestId };
}

/** Turns a safe integer into its decimal text; null for another number, whose text is not the one that the sender had. */
function parseId(value: unknown): unknown {
  return typeof value === 'number' ? (Number.isSafeInteger(value) ? String(value) : null) : value;
}

/** The endpoint only identifies the kind of a notice. We never call it, so its host does not matter. */
function isReportsEndpoint(endpoint: unknown): boolean {
  if (typeof endpoint !== 'string' || endpoint.length > MAX_ENDPOINT_LENGTH) return false;
  const names = (endpoint.trim().split(/[?#]/, 1)[0] ?? '').split('/').filter((name) => name !== '');
  return names.slice(-3).join('/').toLowerCase() === 'human/medical/reports';
}
