import { isClientUserId, isHumanId } from '../../domain/identifiers';
import { isRecord, parseJson } from '../json';
import { isRequestId, type Notice } from '../notifications';
import { parseReportId } from '../users/wire';

/** A notice that says something: what is worth keeping. */
export type StoredNotice = Exclude<Notice, { kind: 'other' }>;

/** Notices as they lie in a file of ours: their known fields, nothing else of what came. */
export function serializeNotices(notices: readonly StoredNotice[]): string {
  return JSON.stringify(notices);
}

/** One alone, as one line. */
export function serializeNotice(notice: Notice): string {
  return JSON.stringify(notice);
}

/** The notice of such a line; null where it is none of ours. */
export function parseStoredNotice(line: string): StoredNotice | null {
  return toStoredNotice(parseJson(Buffer.from(line)));
}

/** The notices of such a file, of one alone too; null where it is none of ours. Ids are checked again: they become workflow ids. */
export function parseStoredNotices(content: Buffer): StoredNotice[] | null {
  const read = parseJson(content);
  const notices = (Array.isArray(read) ? read : [read]).map(toStoredNotice);
  return notices.length > 0 && notices.every((notice) => notice !== null) ? notices : null;
}

function toStoredNotice(read: unknown): StoredNotice | null {
  if (!isRecord(read)) return null;
  const { kind, clientUserId, humanId, status, type, requestId } = read;
  const updatedAt = textOrNull(read['updatedAt']);
  const reportId = parseReportId(read['reportId']);
  const identified = isRequestId(requestId) ? { requestId } : {};
  if (!isHumanId(humanId)) return null;
  if (kind === 'status' && isClientUserId(clientUserId) && typeof status === 'string') {
    return { kind, clientUserId, humanId, status, updatedAt, ...identified };
  }
  if (kind !== 'report' || reportId === null) return null;
  return { kind, humanId, reportId, type: textOrNull(type), updatedAt, ...identified };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
