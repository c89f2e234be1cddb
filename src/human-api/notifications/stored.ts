import { isClientUserId, isHumanId } from '../../domain/identifiers';
import { isRecord, parseJson } from '../json';
import { isRequestId, type Notice } from '../notifications';
import { reportIdOf } from '../wire';

/** A notice that says something: what is worth keeping. */
export type TellingNotice = Exclude<Notice, { kind: 'other' }>;

/** Notices as they lie in a file of ours: their known fields, nothing else of what came. */
export function noticesText(notices: readonly TellingNotice[]): string {
  return JSON.stringify(notices);
}

/** One alone, as one line. */
export function noticeText(notice: Notice): string {
  return JSON.stringify(notice);
}

/** The notice of such a line; null where it is none of ours. */
export function noticeIn(line: string): TellingNotice | null {
  return storedNotice(parseJson(Buffer.from(line)));
}

/** The notices of such a file, of one alone too; null where it is none of ours. Ids are checked again: they become workflow ids. */
export function noticesIn(content: Buffer): TellingNotice[] | null {
  const read = parseJson(content);
  const notices = (Array.isArray(read) ? read : [read]).map(storedNotice);
  return notices.length > 0 && notices.every((notice) => notice !== null) ? notices : null;
}

function storedNotice(read: unknown): TellingNotice | null {
  if (!isRecord(read)) return null;
  const { kind, clientUserId, humanId, status, type, requestId } = read;
  const updatedAt = textOrNull(read['updatedAt']);
  const reportId = reportIdOf(read['reportId']);
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
