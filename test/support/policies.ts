import { DAY_MS, DEFAULT_POLICY, type Policy } from '../../src/domain/policy';

/** A policy under which every poll comes later than the notice that reports the same. */
export const BY_NOTICES: Policy = {
  ...DEFAULT_POLICY,
  pollMs: {
    invited: 60 * DAY_MS,
    engaged: 60 * DAY_MS,
    syncing: 60 * DAY_MS,
    attention: 60 * DAY_MS,
    someSynced: 60 * DAY_MS,
    disconnected: 60 * DAY_MS,
  },
};

const { chaseMs: _chaseMs, ...policyOf020 } = BY_NOTICES;
/** The same policy in the input of a run that 0.2.0 started. */
export const BY_NOTICES_OF_020 = policyOf020 as Policy;

/** A policy that polls every status at this interval. */
export function fastPolls(everyMs: number): Policy {
  const names = Object.keys(DEFAULT_POLICY.pollMs) as (keyof Policy['pollMs'])[];
  const pollMs = Object.fromEntries(names.map((name) => [name, everyMs])) as Record<keyof Policy['pollMs'], number>;
  return { ...DEFAULT_POLICY, pollMs };
}
