import { DEFAULT_POLICY, MINUTE_MS, POLL_NAMES, pollVariable, SECOND_MS } from '../domain/policy';

/** How many times faster than told the samples live: most of their stories take an hour or so, and are over within a minute. */
export const SPEED = 100;

/**
 * Who is followed. `deadline`: a sample that must end by its deadline, which therefore comes soon. `story`: any other, who must end by what it does,
 * however long the machine was asleep meanwhile. `visitor`: the one whom the person at the terminal plays, in real time.
 */
export type Patience = 'deadline' | 'story' | 'visitor';

/** The variables that make us follow somebody of the sandbox as much faster as they live; what would still outlast the minute is cut to fit into it. */
export function paceEnvironment(patience: Patience): Record<string, string> {
  const { pollMs, settleMs, expiresMs, accessRefusedPatienceMs } = DEFAULT_POLICY;
  const most = (durationMs: number, mostMs: number) => `${Math.min(durationMs / SPEED, mostMs)}ms`;
  // Polls only find what no notice told, and nothing is lost on one machine: they are there to be seen.
  const poll = (cadenceMs: number) => most(cadenceMs, 10 * SECOND_MS);
  const soon = patience === 'deadline';
  return {
    ...Object.fromEntries(POLL_NAMES.map((name) => [pollVariable(name), poll(pollMs[name])])),
    ...(patience === 'visitor'
      ? // Time to find and connect another provider after the first one.
        { SETTLE_ALL_SYNCED: `${20 * SECOND_MS}ms`, SETTLE_SOME_SYNCED: `${5 * MINUTE_MS}ms` }
      : {
          SETTLE_ALL_SYNCED: most(settleMs.allSynced, 10 * SECOND_MS),
          SETTLE_SOME_SYNCED: most(settleMs.someSynced, 12 * SECOND_MS),
        }),
    SETTLE_ERROR: most(settleMs.error, 12 * SECOND_MS),
    ACCESS_REFUSED_PATIENCE: most(accessRefusedPatienceMs, 12 * SECOND_MS),
    // Sooner than the last story's end.
    INVITATION_EXPIRES_AFTER: `${soon ? 40 * SECOND_MS : expiresMs.invitation}ms`,
    APPLICANT_EXPIRES_AFTER: `${soon ? 75 * SECOND_MS : expiresMs.applicant}ms`,
  };
}
