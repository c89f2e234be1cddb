import { DEFAULT_POLICY, MINUTE_MS, POLL_NAMES, pollVariable, SECOND_MS } from '../domain/policy';

/** How much faster than real time the sandbox plays its stories: most take an hour or so, which becomes a minute. */
export const SPEED = 100;

/**
 * `deadline`: must end by its deadline, so that is short. `story`: must end by its story, so it keeps the real deadlines, because the machine may
 * sleep. `manual`: the user plays the applicant in real time.
 */
export type DemoPace = 'deadline' | 'story' | 'manual';

/** The variables of the starter for a pace. Polls and settle windows are as fast as the stories, with an upper limit. */
export function demoPolicyEnvironment(pace: DemoPace): Record<string, string> {
  const { pollMs, settleMs, expiresMs, accessRefusedPatienceMs } = DEFAULT_POLICY;
  const scaled = (durationMs: number, maxMs: number) => `${Math.min(durationMs / SPEED, maxMs)}ms`;
  const poll = (cadenceMs: number) => scaled(cadenceMs, 10 * SECOND_MS);
  return {
    ...Object.fromEntries(POLL_NAMES.map((name) => [pollVariable(name), poll(pollMs[name])])),
    ...(pace === 'manual'
      ? // Time to connect another provider after the first one.
        { SETTLE_ALL_SYNCED: `${20 * SECOND_MS}ms`, SETTLE_SOME_SYNCED: `${5 * MINUTE_MS}ms` }
      : {
          SETTLE_ALL_SYNCED: scaled(settleMs.allSynced, 10 * SECOND_MS),
          SETTLE_SOME_SYNCED: scaled(settleMs.someSynced, 12 * SECOND_MS),
        }),
    SETTLE_ERROR: scaled(settleMs.error, 12 * SECOND_MS),
    ACCESS_REFUSED_PATIENCE: scaled(accessRefusedPatienceMs, 12 * SECOND_MS),
    // Before the end of the last story.
    INVITATION_EXPIRES_AFTER: `${pace === 'deadline' ? 40 * SECOND_MS : expiresMs.invitation}ms`,
    APPLICANT_EXPIRES_AFTER: `${pace === 'deadline' ? 75 * SECOND_MS : expiresMs.applicant}ms`,
  };
}
