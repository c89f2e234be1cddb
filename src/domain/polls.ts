import type { StatusKind } from './applicant';
import type { Collection } from './collection';
import { cadenceMs, currentKind, type Facts, SERIES_MS } from './facts';
import { type Policy, SECOND_MS } from './policy';

/**
 * A poll: first asked at `startMs`, then after each of `delaysMs` (the last one repeats). At `deadlineMs`, where there is one, it asks in any
 * case, and the first answer after it is told whether it is news or not.
 */
export interface Poll {
  readonly startMs: number;
  readonly delaysMs: readonly number[];
  readonly deadlineMs: number | null;
}

/** What looks, while an applicant waits, for what no notice told. */
export interface Polls {
  readonly statusPoll: Poll | null;
  readonly listPoll: Poll | null;
}

/** For a wait that a read ends anyway. */
export const NO_POLLS: Polls = { statusPoll: null, listPoll: null };

/** Applicants who began together are spread over a twentieth of the cadence, 20 s at most: the cap on calls spreads thousands further. */
const SPREAD_SHARE = 1 / 20;
const SPREAD_MOST_MS = 20 * SECOND_MS;

/** The polls that suit what is known; with a deadline, the status is asked for then at the latest. */
export function pollsOf(facts: Facts, collection: Collection, policy: Policy, deadlineMs: number | null = null): Polls {
  return { statusPoll: statusPollOf(facts, policy, deadlineMs), listPoll: listPollOf(facts, collection, policy) };
}

/** The status is polled at its cadence, earlier where a claim was not confirmed. */
function statusPollOf(facts: Facts, policy: Policy, deadlineMs: number | null): Poll {
  const everyMs = cadenceMs(facts, policy);
  const ordinaryMs = facts.pollBaseMs + everyMs + spreadMs(facts, everyMs);
  const early = seriesLeft(facts);
  const startMs = Math.min(ordinaryMs, deadlineMs ?? Infinity, early[0] ?? Infinity);
  const gapsMs = early.slice(1).map((timeMs, index) => timeMs - (early[index] ?? timeMs));
  return { startMs, delaysMs: [...gapsMs.map((ms) => Math.min(ms, everyMs)), everyMs], deadlineMs };
}

/** What is left of a series of early re-reads: whatever else is claimed meanwhile, it is read to its end. */
function seriesLeft({ seriesAtMs, pollBaseMs }: Facts): number[] {
  if (seriesAtMs === null) return [];
  let atMs = seriesAtMs;
  const times = SERIES_MS.map((ms) => {
    atMs += ms;
    return atMs;
  });
  return times.filter((timeMs) => timeMs > pollBaseMs);
}

/** Reports come without a change of status, and may be all that a disconnected person is waited for: the list is polled beside it. */
const LISTED: ReadonlySet<StatusKind> = new Set(['some-synced', 'disconnected']);

function listPollOf(facts: Facts, collection: Collection, policy: Policy): Poll | null {
  if (!LISTED.has(currentKind(facts))) return null;
  const everyMs = cadenceMs(facts, policy);
  const startMs = Math.max(facts.pollBaseMs, collection.askedAtMs ?? 0) + everyMs + spreadMs(facts, everyMs);
  return { startMs, delaysMs: [everyMs], deadlineMs: null };
}

function spreadMs({ spread }: Facts, everyMs: number): number {
  return Math.round(spread * Math.min(everyMs * SPREAD_SHARE, SPREAD_MOST_MS));
}
