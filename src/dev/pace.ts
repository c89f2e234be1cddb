import { DEFAULT_POLICY, MINUTE_MS, SECOND_MS } from '../domain/policy';

/** How many times faster than told the samples live: the longest story takes 82 min, so all of them are over within a minute. */
export const SPEED = 100;

/** The variables that make us follow the samples as much faster as they live; what would still outlast the minute is cut to fit into it. */
export function paceEnvironment(): Record<string, string> {
  const { pollMs, settleMs, expiresMs } = DEFAULT_POLICY;
  const most = (durationMs: number, mostMs: number) => `${Math.min(durationMs / SPEED, mostMs)}ms`;
  // Polls only find what no notice told, and nothing is lost on one machine: they are there to be seen.
  const poll = (cadenceMs: number) => most(cadenceMs, 10 * SECOND_MS);
  return {
    POLL_INVITED: poll(pollMs.invited),
    POLL_ENGAGED: poll(pollMs.engaged),
    POLL_SYNCING: poll(pollMs.syncing),
    POLL_ATTENTION: poll(pollMs.attention),
    POLL_SOME_SYNCED: poll(pollMs.someSynced),
    POLL_DISCONNECTED: poll(pollMs.disconnected),
    SETTLE_ALL_SYNCED: most(settleMs.allSynced, 10 * SECOND_MS),
    SETTLE_SOME_SYNCED: most(settleMs.someSynced, 12 * SECOND_MS),
    SETTLE_ERROR: most(settleMs.error, 12 * SECOND_MS),
    // Later than every persona who opens the invitation at all (15 min of story), earlier than the last story's end.
    INVITATION_EXPIRES_AFTER: most(expiresMs.invitation, 40 * SECOND_MS),
    APPLICANT_EXPIRES_AFTER: most(expiresMs.applicant, 10 * MINUTE_MS),
  };
}
