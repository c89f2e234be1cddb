import { z } from 'zod';
import {
  DAY_MS,
  DEFAULT_POLICY,
  DURATION_EXPECTED,
  POLL_NAMES,
  type Policy,
  type PollVariable,
  parseDurationMs,
  pollVariable,
} from '../domain/policy';
import { parseWanted } from '../domain/reports';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { SettingFault, setting } from '../process/setting';

const durationMs = setting(DURATION_EXPECTED, parseDurationMs);
const wanted = setting('reports', (value) => {
  const parsed = parseWanted(value);
  return parsed.ok ? parsed.wanted : new SettingFault(parsed.expected);
});

/** Each check costs a call to Human API for every applicant. */
const MAX_CHECKS = 10;
const refreshChecks = setting(
  `off, or at most ${MAX_CHECKS} durations in ascending order, comma-separated (24h,7d)`,
  (value) => {
    if (value.trim() === 'off') return [];
    const afterMs = value.split(',').map((part) => parseDurationMs(part));
    const isAscending = afterMs.every((ms, at) => ms !== null && ms > (afterMs[at - 1] ?? 0));
    return isAscending && afterMs.length <= MAX_CHECKS ? (afterMs as number[]) : null;
  },
);

const polls = Object.fromEntries(
  POLL_NAMES.map((name) => [pollVariable(name), durationMs.default(DEFAULT_POLICY.pollMs[name])]),
) as Record<PollVariable, ReturnType<typeof durationMs.default>>;

/** The variables of the policy; an applicant's workflow gets a copy when it starts. */
export const POLICY_VARIABLES = {
  REPORTS: wanted.default(DEFAULT_POLICY.wanted),
  ...polls,
  SETTLE_ALL_SYNCED: durationMs.default(DEFAULT_POLICY.settleMs.allSynced),
  SETTLE_SOME_SYNCED: durationMs.default(DEFAULT_POLICY.settleMs.someSynced),
  SETTLE_ERROR: durationMs.default(DEFAULT_POLICY.settleMs.error),
  ACCESS_REFUSED_PATIENCE: durationMs.default(DEFAULT_POLICY.accessRefusedPatienceMs),
  INVITATION_EXPIRES_AFTER: durationMs.default(DEFAULT_POLICY.expiresMs.invitation),
  APPLICANT_EXPIRES_AFTER: durationMs.default(DEFAULT_POLICY.expiresMs.applicant),
  CHASE_INVITED_AFTER: durationMs.default(DEFAULT_POLICY.chaseMs.invited),
  CHASE_ENGAGED_AFTER: durationMs.default(DEFAULT_POLICY.chaseMs.engaged),
  REFRESH_CHECK_AFTER: refreshChecks.default([...DEFAULT_POLICY.refreshCheckAfterMs]),
  ALLOW_SHORT_DEADLINES: z.enum(['yes', 'no'], { error: 'yes or no' }).prefault('no'),
};

export function toPolicy(read: z.output<z.ZodObject<typeof POLICY_VARIABLES>>): Policy {
  return {
    pollMs: Object.fromEntries(POLL_NAMES.map((name) => [name, read[pollVariable(name)]])) as Policy['pollMs'],
    settleMs: { allSynced: read.SETTLE_ALL_SYNCED, someSynced: read.SETTLE_SOME_SYNCED, error: read.SETTLE_ERROR },
    expiresMs: { invitation: read.INVITATION_EXPIRES_AFTER, applicant: read.APPLICANT_EXPIRES_AFTER },
    chaseMs: { invited: read.CHASE_INVITED_AFTER, engaged: read.CHASE_ENGAGED_AFTER },
    accessRefusedPatienceMs: read.ACCESS_REFUSED_PATIENCE,
    wanted: read.REPORTS,
    refreshCheckAfterMs: read.REFRESH_CHECK_AFTER,
  };
}

/** With a real upstream, rejects deadlines shorter than a day: the unit is probably wrong, and the person is deleted when they pass. */
export function shortDeadlineFaults(set: Environment): ConfigurationFault[] {
  if (set['ALLOW_SHORT_DEADLINES'] === 'yes') return [];
  const expected =
    '1d or longer, or ALLOW_SHORT_DEADLINES=yes: when it passes, the person is permanently deleted at Human API';
  return ['INVITATION_EXPIRES_AFTER', 'APPLICANT_EXPIRES_AFTER'].flatMap((key) => {
    const afterMs = parseDurationMs(set[key] ?? '1d');
    return afterMs !== null && afterMs < DAY_MS ? [describeFault(key, expected, set)] : [];
  });
}
