import type { Wanted } from './reports';

/** How one applicant is followed: copied into the workflow's input at the start, so that a running applicant keeps its own. Milliseconds. */
export interface Policy {
  /** How often the status is read while nothing is heard, by what was last known. */
  readonly pollMs: Readonly<Record<PollName, number>>;
  /** How long nothing new must appear before a state counts as settled. */
  readonly settleMs: Readonly<Record<'allSynced' | 'someSynced' | 'error', number>>;
  /** How long we wait at all, counted from our invitation or adoption. */
  readonly expiresMs: Readonly<Record<'invitation' | 'applicant', number>>;
  /** How long an access token is asked for again that is refused although the status, or a list, says that there are reports. */
  readonly accessRefusedPatienceMs: number;
  /** Which reports are wanted, in which formats. */
  readonly wanted: Wanted;
  /** How long after the closing the reports are listed again, ascending: for reports whose notification got lost. Empty: never. */
  readonly refreshCheckAfterMs: readonly number[];
}

export type PollName = 'invited' | 'engaged' | 'syncing' | 'attention' | 'someSynced' | 'disconnected';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The policy when nothing is configured. The vendor asks for "a few" catch-up reads a day; where a person is at work we look more often. */
export const DEFAULT_POLICY: Policy = {
  pollMs: {
    invited: 6 * HOUR_MS,
    engaged: HOUR_MS,
    syncing: 10 * MINUTE_MS,
    attention: 6 * HOUR_MS,
    someSynced: HOUR_MS,
    disconnected: 6 * HOUR_MS,
  },
  settleMs: { allSynced: 10 * MINUTE_MS, someSynced: DAY_MS, error: HOUR_MS },
  expiresMs: { invitation: 30 * DAY_MS, applicant: 90 * DAY_MS },
  accessRefusedPatienceMs: HOUR_MS,
  wanted: { unity: ['json', 'pdf'], ccdraw: ['pdf'] },
  refreshCheckAfterMs: [DAY_MS, 7 * DAY_MS],
};

/**
 * The policy in a workflow's input, which another version may have written: a missing key gets its value of {@link DEFAULT_POLICY}, an unknown
 * one is kept. @throws TypeError for what is no policy, and for a value that is present but malformed: a default in its place could end an
 * applicant that was to be followed for longer.
 */
export function completePolicy(value: unknown): Policy {
  const given = recordOf('the policy', value);
  const { accessRefusedPatienceMs = DEFAULT_POLICY.accessRefusedPatienceMs } = given;
  return {
    ...given,
    pollMs: durations('pollMs', given['pollMs'], DEFAULT_POLICY.pollMs),
    settleMs: durations('settleMs', given['settleMs'], DEFAULT_POLICY.settleMs),
    expiresMs: durations('expiresMs', given['expiresMs'], DEFAULT_POLICY.expiresMs),
    accessRefusedPatienceMs: duration('accessRefusedPatienceMs', accessRefusedPatienceMs),
    wanted: given['wanted'] === undefined ? DEFAULT_POLICY.wanted : checkedWanted(given['wanted']),
    refreshCheckAfterMs: refreshChecks(given['refreshCheckAfterMs']),
  };
}

function refreshChecks(value: unknown): readonly number[] {
  if (value === undefined) return DEFAULT_POLICY.refreshCheckAfterMs;
  const isAfter = (afterMs: unknown) => typeof afterMs === 'number' && Number.isFinite(afterMs) && afterMs > 0;
  if (!Array.isArray(value) || !value.every(isAfter)) {
    throw new TypeError('expected refreshCheckAfterMs to list milliseconds above zero');
  }
  return value;
}

function durations<K extends string>(group: string, value: unknown, defaults: Readonly<Record<K, number>>) {
  const complete = { ...defaults, ...(value === undefined ? {} : recordOf(group, value)) };
  for (const name of Object.keys(defaults) as K[]) {
    duration(`${group}.${name}`, complete[name]);
  }
  return complete;
}

function duration(name: string, durationMs: unknown): number {
  if (typeof durationMs === 'number' && Number.isFinite(durationMs) && durationMs > 0) return durationMs;
  throw new TypeError(`expected ${name} to be milliseconds above zero, got ${kindOfValue(durationMs)}`);
}

function checkedWanted(value: unknown): Wanted {
  const wanted = recordOf('wanted', value);
  const isList = (list: unknown) => Array.isArray(list) && list.every((format) => typeof format === 'string');
  if (!Object.values(wanted).every(isList)) throw new TypeError('expected wanted to list the formats of each type');
  return wanted as Wanted;
}

function recordOf(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`expected ${name} to be an object, got ${kindOfValue(value)}`);
  }
  return value as Record<string, unknown>;
}

/** A number is no personal data; any other value may be anything. */
function kindOfValue(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** What {@link parseDurationMs} takes, in words for an error. */
export const DURATION_EXPECTED = 'an integer above zero and a unit: 250ms, 10s, 5m, 6h or 30d';

/** `250ms 10s 5m 6h 30d` in milliseconds; null for anything else, zero and what no timer can hold (over 100 years). */
export function parseDurationMs(text: string): number | null {
  const [, digits, unit] = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const durationMs = Number(digits) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  return durationMs > 0 && durationMs <= 36_500 * DAY_MS ? durationMs : null;
}
