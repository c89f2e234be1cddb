import { createHash } from 'node:crypto';
import { isClientUserId, isHumanId, parseReportId } from '../domain/identifiers';
import type { Notice } from '../domain/notices';

/** One element of a notification. `other`: ignored, counted and answered 200. */
export type ParsedNotice = Notice | { readonly kind: 'other'; readonly reason: IgnoredReason };

/** `wrapped`: a notice inside an envelope, which no contract describes. */
export type IgnoredReason = 'junk' | 'unknown-kind' | 'invalid-id' | 'wrapped';

/**
 * The request id of the notice's signal, 32 hex digits: Temporal drops a repeat within a run. A notice that 0.1.0 stored has none: its id is computed
 * from its fields, as 0.1.0 did.
 */
export function noticeRequestId(notice: Notice): string {
  return notice.requestId ?? requestIdOf(Object.entries(notice).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The request id of a JSON value: the start of its SHA-256. */
export function requestIdOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

const REQUEST_ID = /^[0-9a-f]{32}$/;

function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && REQUEST_ID.test(value);
}

/** The content of a file with notices. */
export function serializeNotices(notices: readonly Notice[]): string {
  return JSON.stringify(notices);
}

/** A notice as one line of a file. */
export function serializeNotice(notice: Notice): string {
  return JSON.stringify(notice);
}

/** The notice in a line of {@link serializeNotice}; null if the line holds none. */
export function parseStoredNotice(line: string): Notice | null {
  return toNotice(parseJson(line));
}

/** The notices in a file: a list, or a single one. Null if one is invalid. Ids are checked again, because workflow ids contain them. */
export function parseStoredNotices(content: Buffer): Notice[] | null {
  const stored = parseJson(content.toString());
  const notices = (Array.isArray(stored) ? stored : [stored]).map(toNotice);
  return notices.length > 0 && notices.every((notice) => notice !== null) ? notices : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error quotes the text.
    return undefined;
  }
}

function toNotice(stored: unknown): Notice | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { kind, clientUserId, humanId, status, type, requestId, ...fields } = stored as Record<string, unknown>;
  if (!isHumanId(humanId)) return null;
  const updatedAt = textOrNull(fields['updatedAt']);
  const reportId = parseReportId(fields['reportId']);
  const identified = isRequestId(requestId) ? { requestId } : {};
  if (kind === 'status' && isClientUserId(clientUserId) && typeof status === 'string') {
    return { kind, clientUserId, humanId, status, updatedAt, ...identified };
  }
  if (kind !== 'report' || reportId === null) return null;
  return { kind, humanId, reportId, type: textOrNull(type), updatedAt, ...identified };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
