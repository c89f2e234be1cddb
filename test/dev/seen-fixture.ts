import type { Seen, Sighting } from '../../src/dev/watch';

/** An applicant as it was sighted, in its first moments unless said otherwise. */
export function sighted(changes: Partial<Sighting> = {}): Sighting {
  return {
    clientUserId: 'POL-1',
    startedAtMs: 0,
    stage: 'inviting',
    stageSinceMs: 0,
    status: null,
    waitingFor: null,
    waitingUntilMs: null,
    outcome: null,
    reason: null,
    documents: 0,
    ...changes,
  };
}

/** The same, with what happened last. */
export function seenAs(changes: Partial<Seen> = {}): Seen {
  return { ...sighted(), event: { atMs: 0, text: 'inviting' }, ...changes };
}
