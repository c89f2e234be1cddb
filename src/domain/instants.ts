const ZONE = /(?:[zZ]|[+-]\d\d(?::?\d\d)?)$/;
/** ISO 8601 allows a zone of hours alone; JavaScript does not. */
const HOURS_ONLY = /(T.*[+-]\d\d)$/;

/**
 * Upstream's timestamp as milliseconds since 1970, truncated below the millisecond; null where there is none or it is not a date.
 * Zoneless means UTC: one vendor sample carries microseconds and no zone, and local time would differ from worker to worker.
 */
export function instantMs(text: string | null | undefined): number | null {
  if (typeof text !== 'string') return null;
  const trimmed = text.trim().replace(HOURS_ONLY, '$1:00');
  const dateOnly = /^\d{4}-\d\d-\d\d$/.test(trimmed);
  const parsed = Date.parse(dateOnly || ZONE.test(trimmed) ? trimmed : `${trimmed}Z`);
  return Number.isNaN(parsed) ? null : parsed;
}

/** `YYYYMMDDTHHMMSSmmmZ` of an upstream timestamp, as file names carry it; the epoch where upstream told no date. */
export function versionOf(updatedAt: string | null): string {
  const ms = instantMs(updatedAt) ?? 0;
  return new Date(ms).toISOString().replace(/[-:.]/g, '');
}
