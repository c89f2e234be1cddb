const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The form of a duration, for error messages. */
export const DURATION_EXPECTED = 'a duration above zero, such as 250ms, 10s, 5m, 2h or 1d';

/** Parses `250ms`, `10s`, `5m`, `2h` or `1d` to milliseconds; null for any other text. */
export function parseDurationMs(text: string): number | null {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const durationMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  return durationMs > 0 ? durationMs : null;
}
