import { parseEpochMs, parseIsoMs, parseNamedMonthMs } from './instant-forms';
import { hashText } from './text-hash';

/** No date is longer; a longer text is none. */
const MAX_LENGTH = 100;

/**
 * Upstream's timestamp as milliseconds since 1970, truncated below the millisecond; null where there is none or no date can be read in it.
 * Read are ISO 8601 (extended, basic, with a blank for the T, a comma, or a zone of hours alone), RFC 1123 and its relatives with the English name of the
 * month, and the digits of an epoch. Zoneless means UTC: one vendor sample carries microseconds and no zone, and local time differs from worker to
 * worker. `01/30/2026` is not read, because it is another day elsewhere. No form is left to Date.parse, which reads what its engine likes.
 */
export function parseInstantMs(text: string | null | undefined): number | null {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return null;
  const trimmed = text.trim();
  return parseIsoMs(trimmed) ?? parseEpochMs(trimmed) ?? parseNamedMonthMs(trimmed);
}

/**
 * The version of a report, as file names carry it: `YYYYMMDDTHHMMSSmmmZ` of its timestamp; a year of six digits behind `-` before the year 0, behind
 * `~` after 9999, so that names sort as dates do; `undated-` and 16 hex digits of the text where no date can be read; the epoch where upstream gives none.
 */
export function versionName(updatedAt: string | null): string {
  const text = updatedAt?.trim() ?? '';
  const ms = text === '' ? 0 : parseInstantMs(text);
  if (ms === null) return `undated-${hashHex(text)}`;
  return new Date(ms)
    .toISOString()
    .replace(/^\+/, '~')
    .replace(/(?<!^)-|[:.]/g, '');
}

/**
 * When a version was made, to tell which of two is newer: its date, the epoch where upstream gives none, and `otherwise` for a text in which no date
 * can be read.
 */
export function versionMs(updatedAt: string | null, otherwise: string): number {
  const text = updatedAt?.trim() ?? '';
  return text === '' ? 0 : (parseInstantMs(text) ?? parseInstantMs(otherwise) ?? 0);
}

function hashHex(text: string): string {
  return hashText(text)
    .map((part) => part.toString(16).padStart(8, '0'))
    .join('');
}
