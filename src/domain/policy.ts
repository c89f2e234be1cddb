import type { Wanted } from './reports';

/** How one applicant is followed, times in ms. The start copies it into the workflow's input, so a running applicant keeps its policy. */
export interface Policy {
  /** How often the status is polled, by the last known status. */
  readonly pollMs: Readonly<Record<PollName, number>>;
  /** How long a status or an error has to last, without new reports, before it counts. */
  readonly settleMs: Readonly<Record<'allSynced' | 'someSynced' | 'error', number>>;
  /** Deadlines, counted from our invitation or adoption. */
  readonly expiresMs: Readonly<Record<'invitation' | 'applicant', number>>;
  /** How long a person may stay in a stage without progress before the applicant shows as quiet. */
  readonly chaseMs: Readonly<Record<ChasedStage, number>>;
  /** How long a denied access is retried if the status or a list says that there are reports. */
  readonly accessRefusedPatienceMs: number;
  readonly wanted: Wanted;
  /** When to list the reports after the closing, ascending, in case a notification got lost. Empty: never. */
  readonly refreshCheckAfterMs: readonly number[];
}

/** The stages in which only the person can make progress. */
export type ChasedStage = 'invited' | 'engaged';

export const POLL_NAMES = ['invited', 'engaged', 'syncing', 'attention', 'someSynced', 'disconnected'] as const;
export type PollName = (typeof POLL_NAMES)[number];

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? '' : '_'}${Uppercase<First>}${SnakeCase<Rest>}`
  : '';
export type PollVariable = `POLL_${SnakeCase<PollName>}`;

/** The variable of a cadence: `POLL_SOME_SYNCED` for `someSynced`. */
export function pollVariable(name: PollName): PollVariable {
  return `POLL_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}` as PollVariable;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The earliest of some times; null if all are null. */
export function earliest(first: number, ...others: readonly (number | null)[]): number;
export function earliest(...times: readonly (number | null)[]): number | null;
export function earliest(...times: readonly (number | null)[]): number | null {
  const known = times.filter((timeMs) => timeMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** The vendor asks for "a few" reads a day. While something is about to happen we read more often. */
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
  chaseMs: { invited: 7 * DAY_MS, engaged: 3 * DAY_MS },
  accessRefusedPatienceMs: HOUR_MS,
  wanted: { unity: ['json', 'pdf'], ccdraw: ['pdf'] },
  refreshCheckAfterMs: [DAY_MS, 7 * DAY_MS],
};

/**
 * The policy in a workflow's input, which another version may have written: a missing key gets its default, an unknown key stays.
 * @throws TypeError for a malformed value: a default in its place could end an applicant too early
 */
export function completePolicy(value: unknown): Policy {
  const written = requireRecord('the policy', value);
  const { accessRefusedPatienceMs = DEFAULT_POLICY.accessRefusedPatienceMs } = written;
  return {
    ...written,
    pollMs: completeDurations('pollMs', written['pollMs'], DEFAULT_POLICY.pollMs),
    settleMs: completeDurations('settleMs', written['settleMs'], DEFAULT_POLICY.settleMs),
    expiresMs: completeDurations('expiresMs', written['expiresMs'], DEFAULT_POLICY.expiresMs),
    chaseMs: completeDurations('chaseMs', written['chaseMs'], DEFAULT_POLICY.chaseMs),
    accessRefusedPatienceMs: requireDuration('accessRefusedPatienceMs', accessRefusedPatienceMs),
    wanted: written['wanted'] === undefined ? DEFAULT_POLICY.wanted : requireWanted(written['wanted']),
    refreshCheckAfterMs: requireCheckDelays(written['refreshCheckAfterMs']),
  };
}

function requireCheckDelays(value: unknown): readonly number[] {
  if (value === undefined) return DEFAULT_POLICY.refreshCheckAfterMs;
  const isDelay = (afterMs: unknown) => typeof afterMs === 'number' && Number.isFinite(afterMs) && afterMs > 0;
  if (!Array.isArray(value) || !value.every(isDelay)) {
    throw new TypeError('expected refreshCheckAfterMs to list milliseconds above zero');
  }
  return value;
}

function completeDurations<K extends string>(group: string, value: unknown, defaults: Readonly<Record<K, number>>) {
  const complete = { ...defaults, ...(value === undefined ? {} : requireRecord(group, value)) };
  for (const name of Object.keys(defaults) as K[]) {
    requireDuration(`${group}.${name}`, complete[name]);
  }
  return complete;
}

function requireDuration(name: string, durationMs: unknown): number {
  if (typeof durationMs === 'number' && Number.isFinite(durationMs) && durationMs > 0) return durationMs;
  throw new TypeError(`expected ${name} to be milliseconds above zero, got ${describeType(durationMs)}`);
}

function requireWanted(value: unknown): Wanted {
  const wanted = requireRecord('wanted', value);
  const isList = (list: unknown) => Array.isArray(list) && list.every((format) => typeof format === 'string');
  if (!Object.values(wanted).every(isList)) throw new TypeError('expected wanted to list the formats of each type');
  return wanted as Wanted;
}

function requireRecord(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`expected ${name} to be an object, got ${describeType(value)}`);
  }
  return value as Record<string, unknown>;
}

/** Shows only numbers, because any other value may be personal data. */
function describeType(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** What {@link parseDurationMs} accepts, for an error message. */
export const DURATION_EXPECTED = 'an integer above zero and a unit: 250ms, 10s, 5m, 6h or 30d';

/** Parses `250ms`, `10s`, `5m`, `6h` or `30d` into ms; null for anything else, for zero, and for more than 100 years, which no timer can hold. */
export function parseDurationMs(text: string): number | null {
  const [, digits, unit] = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const durationMs = Number(digits) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  return durationMs > 0 && durationMs <= 36_500 * DAY_MS ? durationMs : null;
}
