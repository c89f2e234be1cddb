import { isClientUserId, isHumanId } from '../domain/identifiers';
import type { Notice } from '../human-api/notifications';

/** What can wait in the spool: a notice that has somewhere to go. */
type SpooledNotice = Exclude<Notice, { kind: 'other' }>;

/** A notice as the one line that lies in the spool and in the quarantine: its known fields, nothing of what else was posted. */
export function textOf(notice: Notice): string {
  return JSON.stringify(notice);
}

/** The notice of such a line; null where it is none. It is checked as if it came from outside: its ids become ids of workflows. */
export function noticeIn(text: string): SpooledNotice | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) return null;
  const {
    kind,
    humanId,
    clientUserId,
    status,
    reportId,
    type = null,
    updatedAt = null,
  } = read as Record<string, unknown>;
  if (!isHumanId(humanId) || !isTextOrNull(updatedAt)) return null;
  if (kind === 'status' && isClientUserId(clientUserId) && typeof status === 'string') {
    return { kind, clientUserId, humanId, status, updatedAt };
  }
  if (kind === 'report' && typeof reportId === 'string' && isTextOrNull(type)) {
    return { kind, humanId, reportId, type, updatedAt };
  }
  return null;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
