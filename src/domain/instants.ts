import { parseEpochMs, parseIsoMs, parseNamedMonthMs } from './instant-forms';
import { hashText } from './text-hash';

const MAX_LENGTH = 100;

/**
 * Parses upstream's timestamp into ms since 1970, truncated; null for a missing or unreadable one. Accepts ISO 8601 (extended, basic, with a blank
 * for the T, a comma, or hours as zone), RFC 1123 and similar forms with an English month, and epoch times. Without a zone it is UTC, as in one sample
 * of the vendor. `01/30/2026` is ambiguous, so it is unreadable. Does not use Date.parse, whose forms depend on the engine.
 */
export function parseInstantMs(text: string | null | undefined): number | null {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return null;
  const trimmed = text.trim();
  return parseIsoMs(trimmed) ?? parseEpochMs(trimmed) ?? parseNamedMonthMs(trimmed);
}

/**
 * The version of a report in file names: `YYYYMMDDTHHMMSSmmmZ`. Years of six digits begin with `-` (before 0) or `~` (after 9999), so that names sort
 * by date. For an unreadable date: `undated-` and a hash of 16 hex digits; for a missing one: the epoch.
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

/** A time to compare versions by: the date, the epoch for a missing date, `storedAt` for an unreadable one. */
export function versionMs(updatedAt: string | null, storedAt: string): number {
  const text = updatedAt?.trim() ?? '';
  return text === '' ? 0 : (parseInstantMs(text) ?? parseInstantMs(storedAt) ?? 0);
}

/** ISO 8601 in UTC with milliseconds; null for null. */
export function toIso(timeMs: number): string;
export function toIso(timeMs: number | null): string | null;
export function toIso(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

function hashHex(text: string): string {
  return hashText(text)
    .map((part) => part.toString(16).padStart(8, '0'))
    .join('');
}
