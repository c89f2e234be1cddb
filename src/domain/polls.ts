import type { Collection } from './collection';
import { currentKind, type Facts, type Outage, pollCadenceMs, REREAD_DELAYS_MS } from './facts';
import { HOUR_MS, type Policy, SECOND_MS } from './policy';
import { statusRules } from './status';

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
export interface PollPlan {
  readonly statusPoll: Poll | null;
  readonly deadlineRead: DeadlineRead | null;
  readonly listPoll: Poll | null;
}

/** For a wait that a read ends anyway. */
export const NO_POLLS: PollPlan = { statusPoll: null, deadlineRead: null, listPoll: null };

/** So long before a deadline a poll reports that it fails: long enough for an attempt that waits in the queue behind others. */
const FAILURE_REPORT_MS = 6 * HOUR_MS;

/** Applicants who began together are spread over a twentieth of the cadence, 20 s at most: the cap on calls spreads thousands further. */
const JITTER_SHARE = 1 / 20;
const MAX_JITTER_MS = 20 * SECOND_MS;

/** The polls that suit what is known. */
export function planPolls(facts: Facts, collection: Collection, policy: Policy): PollPlan {
  const listPoll = planListPoll(facts, collection, policy);
  return { statusPoll: planStatusPoll(facts, policy, null), deadlineRead: null, listPoll };
}

/**
 * The polls until a deadline. At the deadline a read takes the place of the status poll; earlier where a poll has reported an outage, so that
 * one read knows the whole of it.
 */
export function planPollsUntilDeadline(
  deadlineMs: number,
  facts: Facts,
  collection: Collection,
  policy: Policy,
  nowMs: number,
): PollPlan {
  const polls = planPolls(facts, collection, policy);
  if (facts.checks.outage) {
    const { retryAtMs, ...outage } = facts.checks.outage;
    return { ...polls, statusPoll: null, deadlineRead: { startMs: retryAtMs, outage } };
  }
  if (nowMs >= deadlineMs) return { ...polls, statusPoll: null, deadlineRead: { startMs: deadlineMs, outage: null } };
  const failureReportMs = deadlineMs - Math.max(pollCadenceMs(facts, policy), FAILURE_REPORT_MS);
  return { ...polls, statusPoll: planStatusPoll(facts, policy, failureReportMs) };
}

/** The status is polled at its cadence, earlier where a claim was not confirmed. */
function planStatusPoll(facts: Facts, policy: Policy, failureReportMs: number | null): Poll {
  const everyMs = pollCadenceMs(facts, policy);
  const ordinaryMs = facts.checks.pollBaseMs + everyMs + jitterMs(facts, everyMs);
  const early = remainingRereadsMs(facts);
  const startMs = Math.min(ordinaryMs, early[0] ?? Infinity);
  const gapsMs = early.slice(1).map((timeMs, index) => timeMs - (early[index] ?? timeMs));
  return { startMs, delaysMs: [...gapsMs.map((ms) => Math.min(ms, everyMs)), everyMs], failureReportMs };
}

/** What is left of a series of early re-reads: whatever else is claimed meanwhile, it is read to its end. */
function remainingRereadsMs({ checks: { rereadSeriesAtMs, pollBaseMs } }: Facts): number[] {
  if (rereadSeriesAtMs === null) return [];
  let atMs = rereadSeriesAtMs;
  const times = REREAD_DELAYS_MS.map((ms) => {
    atMs += ms;
    return atMs;
  });
  return times.filter((timeMs) => timeMs > pollBaseMs);
}

function planListPoll(facts: Facts, collection: Collection, policy: Policy): Poll | null {
  if (!statusRules(currentKind(facts)).isListPolled) return null;
  const everyMs = pollCadenceMs(facts, policy);
  const startMs = Math.max(facts.checks.pollBaseMs, collection.askedAtMs ?? 0) + everyMs + jitterMs(facts, everyMs);
  return { startMs, delaysMs: [everyMs], failureReportMs: null };
}

function jitterMs({ checks }: Facts, everyMs: number): number {
  return Math.round(checks.jitter * Math.min(everyMs * JITTER_SHARE, MAX_JITTER_MS));
}
