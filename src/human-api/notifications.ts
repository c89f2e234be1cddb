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
/** The known endpoints have fifty characters; a longer text than this is none. */
const MAX_ENDPOINT_LENGTH = 2_000;
/** A text that is shorter, or does not name a humanId, holds no notice: it is not parsed, because a text that is no JSON costs an exception. */
const MIN_NOTICE_LENGTH = 50;
/** An envelope has a few fields, and another one inside at most. */
const MAX_ENVELOPES = 3;
const MAX_ENVELOPE_FIELDS = 20;

/**
 * A notification's body (one object, or an array of them) as notices, one an element; a bad element spoils no other. An element may be encoded
 * as a JSON text. Never throws.
 * `nowMs` is the time of arrival.
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

/** A sender that tries again does so sooner. */
const UNDATED_REPEAT_MS = 10 * MINUTE_MS;

/**
 * Covers what the notice says, ids and dates as texts, so that a number in their place makes no other notice, and the action as it came. Two
 * dates that cannot be read are not the same date. A notice without a
 * readable date is a repeat only for ten minutes; without that limit a later one would be dropped for the life of a run.
 */
function noticeId(fields: readonly unknown[], element: Record<string, unknown>, nowMs: number): string {
  const updatedAt = scalar(element['updatedAt']);
  const date = typeof updatedAt === 'number' ? String(updatedAt) : updatedAt;
  const isDated = parseInstantMs(parseDateText(date)) !== null;
  const period = isDated ? null : Math.floor(nowMs / UNDATED_REPEAT_MS);
  return requestIdOf([...fields, date, scalar(element['action']), period]);
}

/** A text, number or boolean of upstream's as it came; anything else is `null`: nesting has no limit, and says nothing here. */
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

/** An object, or one that is encoded as a JSON text. */
function decodeRecord(value: unknown): Record<string, unknown> | null {
  const isEncoded = typeof value === 'string' && value.length >= MIN_NOTICE_LENGTH && value.includes('humanId');
  const decoded = isEncoded ? decodeJsonText(value) : value;
  return isRecord(decoded) ? decoded : null;
}

function isStatusNotice({ property }: Record<string, unknown>): boolean {
  return typeof property === 'string' && property.trim().toLowerCase() === 'status';
}

/** Whether a field holds a notice, or an envelope that does. Of a list the first element decides. */
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
  const requestId = noticeId(['status', clientUserId, humanId, status], fields, nowMs);
  return { kind: 'status', clientUserId, humanId, status, updatedAt: parseDateText(fields['updatedAt']), requestId };
}

function reportNotice(fields: Record<string, unknown>, nowMs: number): ParsedNotice {
  const humanId = parseId(fields['humanId']);
  const reportId = parseReportId(parseId(fields['objectId']));
  if (!isHumanId(humanId) || reportId === null) return INVALID_ID;
  const upstreamType = fields['type'];
  const isType = typeof upstreamType === 'string' && upstreamType !== '' && upstreamType.length <= MAX_TYPE_LENGTH;
  const type = isType ? upstreamType : null;
  const requestId = noticeId(['report', humanId, reportId, type], fields, nowMs);
  return { kind: 'report', humanId, reportId, type, updatedAt: parseDateText(fields['updatedAt']), requestId };
}

/** An id that came as a number is its decimal text; a fraction or an exponent is none, because its text is not what the sender had. */
function parseId(value: unknown): unknown {
  return typeof value === 'number' ? (Number.isSafeInteger(value) ? String(value) : null) : value;
}

/** The endpoint names the kind and nothing else: it is never called, so its host does not matter. */
function isReportsEndpoint(endpoint: unknown): boolean {
  if (typeof endpoint !== 'string' || endpoint.length > MAX_ENDPOINT_LENGTH) return false;
  const names = (endpoint.trim().split(/[?#]/, 1)[0] ?? '').split('/').filter((name) => name !== '');
  return names.slice(-3).join('/').toLowerCase() === 'human/medical/reports';
}
