import { z } from 'zod';
import { DAY_MS, DEFAULT_POLICY, DURATION_EXPECTED, type Policy, parseDurationMs } from '../domain/policy';
import { parseWanted } from '../domain/reports';
import { type ConfigurationFault, type Environment, faultOf } from '../process/configuration-fault';
import { Mistake, setting } from '../process/setting';

const durationMs = setting(DURATION_EXPECTED, parseDurationMs);
const wanted = setting('reports', (value) => {
  const parsed = parseWanted(value);
  return parsed.ok ? parsed.wanted : new Mistake(parsed.expected);
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

/** The variables of the policy; an applicant's workflow gets a copy when it starts. */
export const POLICY_VARIABLES = {
  REPORTS: wanted.default(DEFAULT_POLICY.wanted),
  POLL_INVITED: durationMs.default(DEFAULT_POLICY.pollMs.invited),
  POLL_ENGAGED: durationMs.default(DEFAULT_POLICY.pollMs.engaged),
  POLL_SYNCING: durationMs.default(DEFAULT_POLICY.pollMs.syncing),
  POLL_ATTENTION: durationMs.default(DEFAULT_POLICY.pollMs.attention),
  POLL_SOME_SYNCED: durationMs.default(DEFAULT_POLICY.pollMs.someSynced),
  POLL_DISCONNECTED: durationMs.default(DEFAULT_POLICY.pollMs.disconnected),
  SETTLE_ALL_SYNCED: durationMs.default(DEFAULT_POLICY.settleMs.allSynced),
  SETTLE_SOME_SYNCED: durationMs.default(DEFAULT_POLICY.settleMs.someSynced),
  SETTLE_ERROR: durationMs.default(DEFAULT_POLICY.settleMs.error),
  ACCESS_REFUSED_PATIENCE: durationMs.default(DEFAULT_POLICY.accessRefusedPatienceMs),
  INVITATION_EXPIRES_AFTER: durationMs.default(DEFAULT_POLICY.expiresMs.invitation),
  APPLICANT_EXPIRES_AFTER: durationMs.default(DEFAULT_POLICY.expiresMs.applicant),
  REFRESH_CHECK_AFTER: refreshChecks.default([...DEFAULT_POLICY.refreshCheckAfterMs]),
  ALLOW_SHORT_DEADLINES: z.enum(['yes', 'no'], { error: 'yes or no' }).prefault('no'),
};

export function toPolicy(read: z.output<z.ZodObject<typeof POLICY_VARIABLES>>): Policy {
  return {
    pollMs: {
      invited: read.POLL_INVITED,
      engaged: read.POLL_ENGAGED,
      syncing: read.POLL_SYNCING,
      attention: read.POLL_ATTENTION,
      someSynced: read.POLL_SOME_SYNCED,
      disconnected: read.POLL_DISCONNECTED,
    },
    settleMs: { allSynced: read.SETTLE_ALL_SYNCED, someSynced: read.SETTLE_SOME_SYNCED, error: read.SETTLE_ERROR },
    expiresMs: { invitation: read.INVITATION_EXPIRES_AFTER, applicant: read.APPLICANT_EXPIRES_AFTER },
    accessRefusedPatienceMs: read.ACCESS_REFUSED_PATIENCE,
    wanted: read.REPORTS,
    refreshCheckAfterMs: read.REFRESH_CHECK_AFTER,
  };
}

/** Rejects deadlines of less than a day for a real upstream, as a likely wrong unit: the person is deleted when they pass. */
export function shortDeadlineFaults(set: Environment): ConfigurationFault[] {
  if (set['ALLOW_SHORT_DEADLINES'] === 'yes') return [];
  const expected =
    '1d or longer, or ALLOW_SHORT_DEADLINES=yes: when it passes, the person is permanently deleted at Human API';
  return ['INVITATION_EXPIRES_AFTER', 'APPLICANT_EXPIRES_AFTER'].flatMap((key) => {
    const afterMs = parseDurationMs(set[key] ?? '1d');
    return afterMs !== null && afterMs < DAY_MS ? [faultOf(key, expected, set)] : [];
  });
}
