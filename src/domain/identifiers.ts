import { LONE_SURROGATE } from './well-formed';

/** The carrier's opaque id of an applicant. The alphabet is narrow because workflow ids, folder names and logs contain it. */
const CLIENT_USER_ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/;
/** Not "." or "..": they would change the path of upstream's URLs. */
const HUMAN_ID = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,100}$/;

/** Describes a clientUserId, for an error message. */
export const CLIENT_USER_ID_EXPECTED =
  '1 to 100 letters, digits, ".", "_", "~" or "-", beginning with a letter or digit';

/** Describes a humanId, for an error message. */
export const HUMAN_ID_EXPECTED = '1 to 100 letters, digits, ".", "_", "~" or "-"';

export function isClientUserId(value: unknown): value is string {
  return typeof value === 'string' && CLIENT_USER_ID.test(value);
}

/** Human API's id of a person: opaque (32 hex digits in every sample). */
export function isHumanId(value: unknown): value is string {
  return typeof value === 'string' && HUMAN_ID.test(value);
}

/** Servers accept URLs of 8 KB, and known ids have at most 60 characters. */
const MAX_REPORT_ID_LENGTH = 2_000;

/** An id that a URL can contain: a string or a number with 1 to 2,000 characters when encoded; null for anything else. */
export function parseReportId(value: unknown): string | null {
  const id = typeof value === 'number' ? String(value) : value;
  if (typeof id !== 'string' || id.length > MAX_REPORT_ID_LENGTH) return null;
  if (/^\.{0,2}$/.test(id) || LONE_SURROGATE.test(id)) return null;
  return encodeURIComponent(id).length <= MAX_REPORT_ID_LENGTH ? id : null;
}
