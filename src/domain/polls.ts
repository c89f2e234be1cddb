import { currentKind, type Facts, type Outage, pollCadenceMs, REREAD_DELAYS_MS } from './facts';
import { HOUR_MS, type Policy, SECOND_MS } from './policy';
import type { Situation } from './situation';
import { statusRules } from './status';

/**
 * Calls at `startMs`, then after each of `delaysMs`; the last delay repeats. A call that fails at `reportFailuresFromMs` or later ends the poll and
 * reports the failure; null: failed calls are retried.
 */
export interface Poll {
  readonly startMs: number;
  readonly delaysMs: readonly number[];
  readonly reportFailuresFromMs: number | null;
}

/** The read at a deadline: starts at `startMs`, and is retried until upstream answers. `outage`: what a poll reported; the read adds to it. */
export interface DeadlineRead {
  readonly startMs: number;
  readonly outage: Pick<Outage, 'durationMs' | 'failures'> | null;
}

/** The calls that run during a wait, in case a notice got lost. */
export interface PollPlan {
  readonly statusPoll: Poll | null;
  readonly deadlineRead: DeadlineRead | null;
  readonly listPoll: Poll | null;
}

/** For a wait that ends with a read. */
export const NO_POLLS: PollPlan = { statusPoll: null, deadlineRead: null, listPoll: null };

/** From this time before a deadline a poll reports its failure. Longer than a call waits in the queue. */
const FAILURE_REPORT_LEAD_MS = 6 * HOUR_MS;

/** Spreads applicants who started together over a twentieth of the cadence, 20 s at most. For thousands the rate limit does the rest. */
const JITTER_SHARE = 1 / 20;
const MAX_JITTER_MS = 20 * SECOND_MS;

export function planPolls(situation: Situation): PollPlan {
  const { facts, policy } = situation;
  return { statusPoll: planStatusPoll(facts, policy, null), deadlineRead: null, listPoll: planListPoll(situation) };
}

/** At the deadline a read replaces the status poll; earlier if a poll has reported an outage, so that one read measures the whole outage. */
export function planPollsUntilDeadline(deadlineMs: number, situation: Situation): PollPlan {
  const { facts, policy, nowMs } = situation;
  const polls = planPolls(situation);
  if (facts.due.outage) {
    const { retryAtMs, ...outage } = facts.due.outage;
    return { ...polls, statusPoll: null, deadlineRead: { startMs: retryAtMs, outage } };
  }
  if (nowMs >= deadlineMs) return { ...polls, statusPoll: null, deadlineRead: { startMs: deadlineMs, outage: null } };
  const reportFailuresFromMs = deadlineMs - Math.max(pollCadenceMs(facts, policy), FAILURE_REPORT_LEAD_MS);
  return { ...polls, statusPoll: planStatusPoll(facts, policy, reportFailuresFromMs) };
}

/** A poll at the cadence, after early rereads of an unconfirmed claim. Rereads at t1, t2, t3 give: start t1, delays t2-t1, t3-t2, then the cadence. */
function planStatusPoll(facts: Facts, policy: Policy, reportFailuresFromMs: number | null): Poll {
  const everyMs = pollCadenceMs(facts, policy);
  const ordinaryMs = facts.due.pollBaseMs + everyMs + jitterMs(facts, everyMs);
  const early = remainingRereadsMs(facts);
  const startMs = Math.min(ordinaryMs, early[0] ?? Infinity);
  const gapsMs = early.slice(1).map((timeMs, index) => timeMs - (early[index] ?? timeMs));
  return { startMs, delaysMs: [...gapsMs.map((ms) => Math.min(ms, everyMs)), everyMs], reportFailuresFromMs };
}

/** The times of the early rereads that remain of a series. Later claims do not end a series. */
function remainingRereadsMs({ due: { rereadSeriesAtMs, pollBaseMs } }: Facts): number[] {
  if (rereadSeriesAtMs === null) return [];
  let atMs = rereadSeriesAtMs;
  const times = REREAD_DELAYS_MS.map((ms) => {
    atMs += ms;
    return atMs;
  });
  return times.filter((timeMs) => timeMs > pollBaseMs);
}

function planListPoll({ facts, collection, policy }: Situation): Poll | null {
  if (!statusRules(currentKind(facts)).isListPolled) return null;
  const everyMs = pollCadenceMs(facts, policy);
  const startMs = Math.max(facts.due.pollBaseMs, collection.askedAtMs ?? 0) + everyMs + jitterMs(facts, everyMs);
  return { startMs, delaysMs: [everyMs], reportFailuresFromMs: null };
}

function jitterMs({ due }: Facts, everyMs: number): number {
  return Math.round(due.jitter * Math.min(everyMs * JITTER_SHARE, MAX_JITTER_MS));
}
