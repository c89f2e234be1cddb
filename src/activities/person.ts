import { activityInfo } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { isSameEmail } from '../domain/email';
import { isClientUserId } from '../domain/identifiers';
import { normalizeStatus } from '../domain/status';
import { isOutage, NotFound } from '../upstream/errors';
import type { Person, Upstream } from '../upstream/port';
import { type Attempt, attempt } from './attempt';
import { startWithdrawalProgress, withdrawOnce } from './deletion';
import { NothingYet, toFailure } from './failures';
import type { PollMetrics } from './poll-metrics';
import { continueOutage, type Progress, startProgress } from './progress';
import { answerUndecided, type UndecidedAnswer, type UndecidedPatience } from './undecided';

/**
 * What a read of one person returned. `outageMs`: how long upstream could not be asked before it answered; `unavailable`: it was given up, and
 * nothing was found out; `outage`: a poll that fails shortly before a deadline, for how long it has, in how many attempts, and in how many
 * milliseconds the next one is due.
 */
export type StatusAnswer =
  | { kind: 'status'; status: string; updatedAtMs: number | null; askedAtMs: number; outageMs: number }
  | { kind: 'absent'; outageMs: number }
  | { kind: 'unavailable' }
  | { kind: 'outage'; durationMs: number; failures: number; retryMs: number }
  | UndecidedAnswer;

export interface ReadStatusInput extends UndecidedPatience {
  readonly humanId: string;
  /** Given up as `unavailable` once upstream could not be asked for so long; null: never. */
  readonly patienceMs: number | null;
  /** The outage that a poll has reported, which this read continues. */
  readonly outage?: { readonly durationMs: number; readonly failures: number } | null;
}

/** What a look-up by clientUserId told. */
export type LookUpAnswer =
  | { kind: 'found'; humanId: string; status: string; updatedAtMs: number | null }
  | { kind: 'nobody' };

export interface WatchStatusInput extends UndecidedPatience {
  readonly humanId: string;
  /** The status that is no news. */
  readonly status: string;
  /** How long to wait after each quiet read; the last one repeats. */
  readonly delaysMs: readonly number[];
  /** From when on a failed attempt returns an `outage`; null: it is retried. */
  readonly failureReportMs: number | null;
  /** The applicant is shown as stuck, so the first answer that decides anything is news. */
  readonly isStuck?: boolean;
}

/** A poll counts its quiet reads, to know which delay comes next. */
export interface PollProgress extends Progress {
  quiet: number;
}

/** Whom a look-up is for: somebody else's e-mail under our clientUserId is not our applicant, and nothing is done to them. */
export interface LookUpInput extends UndecidedPatience {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
}

/** A look-up that ends when somebody is found, or when it has been asked for long enough. */
export interface FindInvitedInput extends LookUpInput {
  readonly watchMs: number;
}

export interface WithdrawInput extends UndecidedPatience {
  readonly humanId: string;
}

/** How far apart the look-ups of {@link FindInvitedInput} are. */
const FIND_AGAIN_MS = 8_000;

export interface PersonDeps {
  readonly upstream: Upstream;
  readonly pollMetrics?: PollMetrics;
}

/** The activities about one person upstream: one API call each. */
export function createPersonActivities({ upstream, pollMetrics }: PersonDeps) {
  return {
    /** Reads the status once; retried until upstream answers, or it is given up. */
    async readStatus(input: ReadStatusInput): Promise<StatusAnswer> {
      const { humanId, patienceMs, outage = null } = input;
      return attempt<StatusAnswer>(
        async (running) => {
          try {
            return await answerUndecided(running, input, () => readOnce(upstream, humanId, running));
          } catch (error) {
            if (isOutage(error) && patienceMs !== null && running.outageMs() >= patienceMs)
              return { kind: 'unavailable' };
            throw error;
          }
        },
        (before) => before ?? continueOutage(outage, activityInfo().currentAttemptScheduledTimestampMs),
      );
    },

    /** Fails quietly, after the next delay, until the status is news. A poll that finds nothing adds no history event. */
    async watchStatus(input: WatchStatusInput): Promise<StatusAnswer> {
      return attempt(async (running) => {
        const answer = await answerUndecided(running, pollPatience(input), () =>
          readOnce(upstream, input.humanId, running),
        ).catch((error: unknown) => {
          const isReported = input.failureReportMs !== null && running.nowMs() >= input.failureReportMs;
          if (isReported) return reportOutage(error, running);
          throw error;
        });
        if (answer.kind === 'outage' || answer.kind === 'undecided') return answer;
        if (isNews(answer, input)) {
          pollMetrics?.found.inc({ of: 'status' });
          return answer;
        }
        if (input.isStuck) return answer;
        throw nothingNew(running.progress, input.delaysMs, 'the status is as it was');
      }, pollProgress);
    },

    /** Who is upstream under this clientUserId; retried until upstream answers. */
    async lookUp(input: LookUpInput): Promise<LookUpAnswer | UndecidedAnswer> {
      return attempt((running) => answerUndecided(running, input, () => lookUpOnce(input)), startProgress);
    },

    /** After a create whose answer is not known: looks up until a person is there, or none was for `watchMs` of waiting. */
    async findInvited({ watchMs, ...whom }: FindInvitedInput): Promise<LookUpAnswer | UndecidedAnswer> {
      return attempt<LookUpAnswer | UndecidedAnswer>(async (running) => {
        const answer = await answerUndecided(running, whom, () => lookUpOnce(whom));
        if (answer.kind !== 'nobody' || running.elapsedMs() >= watchMs) return answer;
        throw new NothingYet('a create may still come through', Math.min(FIND_AGAIN_MS, watchMs));
      }, startProgress);
    },

    /** Deletes the person until upstream confirms it, so that nothing more is sent to them; who is gone already counts as deleted. */
    async withdraw(input: WithdrawInput): Promise<'deleted' | 'already-gone' | UndecidedAnswer> {
      return attempt(
        (running) => answerUndecided(running, input, () => withdrawOnce(upstream, input.humanId, running)),
        startWithdrawalProgress,
      );
    },

    /** Whose humanId this is by upstream's own record; null where nobody is, or upstream does not say. */
    async readClientUserId({ humanId }: { humanId: string }): Promise<string | null> {
      return attempt(async () => {
        try {
          const { clientUserId } = await upstream.readStatus(humanId);
          // One outside our alphabet is nobody of ours, and may be anything.
          return isClientUserId(clientUserId) ? clientUserId : null;
        } catch (error) {
          if (error instanceof NotFound) return null;
          throw error;
        }
      }, startProgress);
    },
  };

  async function lookUpOnce({ clientUserId, clientUserEmail }: LookUpInput): Promise<LookUpAnswer> {
    const user = findOwnPerson(await upstream.findPeople({ clientUserId }), clientUserId);
    return user && matchesEmail(user, clientUserEmail) ? toLookUpAnswer(user) : { kind: 'nobody' };
  }
}

async function readOnce(upstream: Upstream, humanId: string, running: Attempt<Progress>): Promise<StatusAnswer> {
  try {
    const user = await upstream.readStatus(humanId);
    return {
      kind: 'status',
      status: user.status,
      updatedAtMs: user.updatedAtMs,
      askedAtMs: running.askedAtMs,
      outageMs: running.outageMs(),
    };
  } catch (error) {
    if (error instanceof NotFound) return { kind: 'absent', outageMs: running.outageMs() };
    throw error;
  }
}

/** A poll shows sooner what keeps it from deciding where its cadence is shorter. */
function pollPatience({ undecidedAfterMs = null, delaysMs }: WatchStatusInput): UndecidedPatience {
  return { undecidedAfterMs: undecidedAfterMs && Math.min(undecidedAfterMs, delaysMs.at(-1) ?? Infinity) };
}

/** Another status is news whatever its date: the workflow decides which of two reads counts. */
function isNews(answer: StatusAnswer, known: WatchStatusInput): boolean {
  return answer.kind !== 'status' || normalizeStatus(answer.status) !== normalizeStatus(known.status);
}

/** What the progress of a failing poll says, which a workflow does not see. @throws CancelledFailure where it was asked to stop */
function reportOutage(error: unknown, { progress, nowMs, elapsedMs }: Attempt<Progress>): StatusAnswer {
  const ended: Progress = { ...progress, elapsedMs: elapsedMs() };
  const failure = toFailure(error, ended, nowMs());
  if (failure instanceof CancelledFailure) throw failure;
  const durationMs = ended.elapsedMs - (ended.failingFromMs ?? ended.elapsedMs);
  return { kind: 'outage', durationMs, failures: ended.streak, retryMs: ended.delayMs ?? 0 };
}

/** The progress of a poll. */
export function pollProgress(before: PollProgress | null): PollProgress {
  return before ?? { ...startProgress(null), quiet: 0 };
}

/** What a poll throws when nothing is new: run again after the next of its delays. */
export function nothingNew(progress: PollProgress, delaysMs: readonly number[], what: string): NothingYet {
  const againInMs = delaysMs[Math.min(progress.quiet, delaysMs.length - 1)] ?? 0;
  progress.quiet += 1;
  return new NothingYet(what, againInMs);
}

/** The element of a reply that is our applicant: one with our clientUserId or, where it carries none, the only element. */
export function findOwnPerson(users: readonly Person[], clientUserId: string): Person | null {
  const [only] = users;
  return (
    users.find((user) => user.clientUserId === clientUserId) ??
    (users.length === 1 && only?.clientUserId === null ? only : null)
  );
}

/** True unless upstream tells another e-mail: not every reply tells one. */
export function matchesEmail(user: Person, clientUserEmail: string): boolean {
  return user.email === null || isSameEmail(user.email, clientUserEmail);
}

function toLookUpAnswer(user: Person): LookUpAnswer {
  return { kind: 'found', humanId: user.subjectId, status: user.status, updatedAtMs: user.updatedAtMs };
}
