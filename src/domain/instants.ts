import { parseEpochMs, parseIsoMs, parseNamedMonthMs } from './instant-forms';
import { hashText } from './text-hash';

const MAX_LENGTH = 100;

/**
 * Parses upstream's timestamp into ms since 1970, truncated; null for a missing or unreadable one. Forms: ISO 8601 (extended, basic, with a blank for
 * the T, a comma, or hours as zone), RFC 1123 and similar with an English month, and digits of an epoch. Without a zone: UTC, as in one sample of the
 * vendor. Not `01/30/2026`, which is ambiguous. Not Date.parse, whose forms depend on the engine.
 */
export function parseInstantMs(text: string | null | undefined): number | null {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return null;
  const trimmed = text.trim();
  return parseIsoMs(trimmed) ?? parseEpochMs(trimmed) ?? parseNamedMonthMs(trimmed);
}

/**
 * The version of a report in file names: `YYYYMMDDTHHMMSSmmmZ`; years of six digits begin with `-` (before 0) or `~` (after 9999), so that names sort
 * by date; `undated-` and 16 hex digits of the text for an unreadable date; the epoch for a missing one.
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

/** When a version was made, to compare two: its date, the epoch for a missing one, `storedAt` for an unreadable one. */
export function versionMs(updatedAt: string | null, storedAt: string): number {
  const text = updatedAt?.trim() ?? '';
  return text === '' ? 0 : (parseInstantMs(text) ?? parseInstantMs(storedAt) ?? 0);
}

function hashHex(text: string): string {
  return hashText(text)
    .map((part) => part.toString(16).padStart(8, '0'))
    .join('');
}
