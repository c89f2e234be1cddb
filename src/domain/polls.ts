import type { Collection } from './collection';
import { cadenceMs, currentKind, type Facts, SERIES_MS } from './facts';
import type { Policy } from './policy';

/** A poll: first asked at `startMs`, then after each of `delaysMs` (the last one repeats). */
export interface Poll {
  readonly startMs: number;
  readonly delaysMs: readonly number[];
}

/** What looks, while an applicant waits, for what no notice told. */
export interface Polls {
  readonly statusPoll: Poll | null;
  readonly listPoll: Poll | null;
}

/** For a wait that a read ends anyway. */
export const NO_POLLS: Polls = { statusPoll: null, listPoll: null };

/** The polls that suit what is known. */
export function pollsOf(facts: Facts, collection: Collection, policy: Policy): Polls {
  return { statusPoll: statusPollOf(facts, policy), listPoll: listPollOf(facts, collection, policy) };
}

/** The status is polled at its cadence, earlier where a claim was not confirmed. */
function statusPollOf(facts: Facts, policy: Policy): Poll {
  const everyMs = cadenceMs(facts, policy);
  const early = facts.seriesAtMs !== null && facts.seriesAtMs === facts.pollBaseMs ? SERIES_MS : [];
  const [firstMs = everyMs, ...laterMs] = [...early.map((ms) => Math.min(ms, everyMs)), everyMs];
  return { startMs: facts.pollBaseMs + firstMs, delaysMs: laterMs.length > 0 ? laterMs : [everyMs] };
}

/** Under Some Synced, reports come without a change of status: the list is polled beside it. */
function listPollOf(facts: Facts, collection: Collection, policy: Policy): Poll | null {
  if (currentKind(facts) !== 'some-synced') return null;
  const everyMs = cadenceMs(facts, policy);
  return { startMs: Math.max(facts.pollBaseMs, collection.askedAtMs ?? 0) + everyMs, delaysMs: [everyMs] };
}
