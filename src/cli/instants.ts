import { InvalidArgumentError } from 'commander';
import { DURATION_EXPECTED, parseDurationMs } from '../domain/policy';

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/;
const INSTANT_EXPECTED = 'a date (2026-12-01) or an instant in UTC (2026-12-01T08:00:00Z)';

/** The value of an option: a date or an instant in UTC. @throws {InvalidArgumentError} without the value */
export function readInstant(text: string): Date {
  const date = new Date(text);
  const isInstant = INSTANT.test(text) && !Number.isNaN(date.getTime());
  // `Date` turns 2026-02-30 into 2 March.
  if (isInstant && date.toISOString().startsWith(text.slice(0, 10))) return date;
  throw new InvalidArgumentError(`Expected ${INSTANT_EXPECTED}.`);
}

/** A date, an instant, or a duration from now, in ms since 1970. @throws {InvalidArgumentError} without the value */
export function readFutureMs(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null) return Date.now() + durationMs;
  if (INSTANT.test(text)) return readInstant(text).getTime();
  throw new InvalidArgumentError(`Expected ${INSTANT_EXPECTED}, or from now ${DURATION_EXPECTED}.`);
}
