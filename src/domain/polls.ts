import type { StatusKind } from './applicant';
import type { Collection } from './collection';
import { cadenceMs, currentKind, type Facts, type Outage, SERIES_MS } from './facts';
import { HOUR_MS, type Policy, SECOND_MS } from './policy';

/**
 * A poll: first asked at `startMs`, then after each of `delaysMs` (the last one repeats). An attempt that fails from `failureReportMs` on is
 * an answer of its own; null: it is retried.
 */
export interface Poll {
  readonly startMs: number;
  readonly delaysMs: readonly number[];
  readonly failureReportMs: number | null;
}

/** A read that a deadline waits for: asked at `startMs`, and retried until upstream answers. It continues the outage that a poll has reported. */
export interface DeadlineRead {
  readonly startMs: number;
  readonly outage: Pick<Outage, 'durationMs' | 'failures'> | null;
}

/** What looks, while an applicant waits, for what no notice told. */
export interface Polls {
  readonly statusPoll: Poll | null;
  readonly deadlineRead: DeadlineRead | null;
  readonly listPoll: Poll | null;
}

/** For a wait that a read ends anyway. */
export const NO_POLLS: Polls = { statusPoll: null, deadlineRead: null, listPoll: null };

/** So long before a deadline a poll reports that it fails: long enough for an attempt that waits in the queue behind others. */
const FAILURE_REPORT_MS = 6 * HOUR_MS;

/** Applicants who began together are spread over a twentieth of the cadence, 20 s at most: the cap on calls spreads thousands further. */
const SPREAD_SHARE = 1 / 20;
const SPREAD_MOST_MS = 20 * SECOND_MS;

/** The polls that suit what is known. */
export function pollsOf(facts: Facts, collection: Collection, policy: Policy): Polls {
  const listPoll = listPollOf(facts, collection, policy);
  return { statusPoll: statusPollOf(facts, policy, null), deadlineRead: null, listPoll };
}

/**
 * The polls until a deadline. At the deadline a read takes the place of the status poll; earlier where a poll has reported an outage, so that
 * one read knows the whole of it.
 */
export function pollsUntil(
  deadlineMs: number,
  facts: Facts,
  collection: Collection,
  policy: Policy,
  nowMs: number,
): Polls {
  const polls = pollsOf(facts, collection, policy);
  if (facts.outage) {
    const { retryAtMs, ...outage } = facts.outage;
    return { ...polls, statusPoll: null, deadlineRead: { startMs: retryAtMs, outage } };
  }
  if (nowMs >= deadlineMs) return { ...polls, statusPoll: null, deadlineRead: { startMs: deadlineMs, outage: null } };
  const failureReportMs = deadlineMs - Math.max(cadenceMs(facts, policy), FAILURE_REPORT_MS);
  return { ...polls, statusPoll: statusPollOf(facts, policy, failureReportMs) };
}

/** The status is polled at its cadence, earlier where a claim was not confirmed. */
function statusPollOf(facts: Facts, policy: Policy, failureReportMs: number | null): Poll {
  const everyMs = cadenceMs(facts, policy);
  const ordinaryMs = facts.pollBaseMs + everyMs + spreadMs(facts, everyMs);
  const early = seriesLeft(facts);
  const startMs = Math.min(ordinaryMs, early[0] ?? Infinity);
  const gapsMs = early.slice(1).map((timeMs, index) => timeMs - (early[index] ?? timeMs));
  return { startMs, delaysMs: [...gapsMs.map((ms) => Math.min(ms, everyMs)), everyMs], failureReportMs };
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
  return { startMs, delaysMs: [everyMs], failureReportMs: null };
}

function spreadMs({ spread }: Facts, everyMs: number): number {
  return Math.round(spread * Math.min(everyMs * SPREAD_SHARE, SPREAD_MOST_MS));
}
