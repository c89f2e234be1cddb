import { activityInfo } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { isSameEmail } from '../domain/email';
import { isClientUserId } from '../domain/identifiers';
import { normalizeStatus } from '../domain/status';
import { isOutage, NotFound } from '../upstream/errors';
import type { Person, Upstream } from '../upstream/port';
import {
  type Attempt,
  askWithPatience,
  attempt,
  attemptDecision,
  type UndecidedAnswer,
  type UndecidedPatience,
} from './attempt';
import { NothingYet, nothingNew, toFailure } from './failures';
import type { ActivityMetrics } from './metrics';
import { continueOutage, type PollProgress, type Progress, startPollProgress, startProgress } from './progress';

/**
 * The result of reading a person. `outageMs`: how long the upstream did not answer before this answer. `unavailable`: no answer within the patience.
 * `outage`: a poll failed shortly before a deadline. Has the duration of the outage so far, the failures, and the time until the next attempt.
 */
export type StatusAnswer =
  | { kind: 'status'; status: string; updatedAtMs: number | null; askedAtMs: number; outageMs: number }
  | { kind: 'absent'; outageMs: number }
  | { kind: 'unavailable' }
  | { kind: 'outage'; durationMs: number; failures: number; retryMs: number }
  | UndecidedAnswer;

export interface ReadStatusInput extends UndecidedPatience {
  readonly humanId: string;
  /** After such an outage the answer is `unavailable`; null: never. */
  readonly patienceMs: number | null;
  /** An outage that a poll has reported: this read adds to it. */
  readonly outage?: { readonly durationMs: number; readonly failures: number } | null;
}

/** The result of a look-up by clientUserId. */
export type LookUpAnswer =
  | { kind: 'found'; humanId: string; status: string; updatedAtMs: number | null }
  | { kind: 'nobody' };

export interface WatchStatusInput extends UndecidedPatience {
  readonly humanId: string;
  /** The known status. */
  readonly status: string;
  /** The delay after each quiet read; the last one repeats. */
  readonly delaysMs: readonly number[];
  /** From this time on, a failed attempt returns an `outage`; null: never, it is retried. */
  readonly failureReportMs: number | null;
  /** True while the applicant is shown as stuck: then the first answer that decides is news. */
  readonly isStuck?: boolean;
}

/** A person with another e-mail under our clientUserId is not our applicant, and is ignored. */
export interface LookUpInput extends UndecidedPatience {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
}

/** Looks up until a person is found or `watchMs` have passed. */
export interface FindInvitedInput extends LookUpInput {
  readonly watchMs: number;
}

const LOOK_UP_EVERY_MS = 8_000;

export interface PersonDeps {
  readonly upstream: Upstream;
  readonly metrics?: Pick<ActivityMetrics, 'foundByPolling'>;
}

/** Activities that read one person: one API call each. */
export function createPersonActivities({ upstream, metrics }: PersonDeps) {
  return {
    /** Reads the status. Retried until the upstream answers or the patience ends. */
    async readStatus(input: ReadStatusInput): Promise<StatusAnswer> {
      const { humanId, patienceMs, outage = null } = input;
      return attempt<StatusAnswer>(
        async (running) => {
          try {
            return await askWithPatience(running, input, () => readOnce(upstream, humanId, running));
          } catch (error) {
            if (isOutage(error) && patienceMs !== null && running.outageMs() >= patienceMs)
              return { kind: 'unavailable' };
            throw error;
          }
        },
        (before) => before ?? continueOutage(outage, activityInfo().currentAttemptScheduledTimestampMs),
      );
    },

    /** Polls until the status is news. A quiet read fails benignly, which adds no history event. */
    async watchStatus(input: WatchStatusInput): Promise<StatusAnswer> {
      return attempt<StatusAnswer, PollProgress>(async (running) => {
        const answer = await askWithPatience(running, pollPatience(input), () =>
          readOnce(upstream, input.humanId, running),
        ).catch((error: unknown) => {
          const isReported = input.failureReportMs !== null && running.nowMs() >= input.failureReportMs;
          if (isReported) return reportOutage(error, running);
          throw error;
        });
        if (answer.kind === 'outage' || answer.kind === 'undecided') return answer;
        if (isNews(answer, input)) {
          metrics?.foundByPolling.inc({ of: 'status' });
          return answer;
        }
        if (input.isStuck) return answer;
        throw nothingNew(running.progress, input.delaysMs, 'no new status');
      }, startPollProgress);
    },

    /** Looks up our person by clientUserId. Retried until the upstream answers. */
    async lookUp(input: LookUpInput): Promise<LookUpAnswer | UndecidedAnswer> {
      return attemptDecision(input, () => lookUpOnce(input), startProgress);
    },

    /** Looks for the effect of a create whose answer was lost, until a person is found or `watchMs` have passed. */
    async findInvited({ watchMs, ...input }: FindInvitedInput): Promise<LookUpAnswer | UndecidedAnswer> {
      return attemptDecision(
        input,
        async (running) => {
          const answer = await lookUpOnce(input);
          if (answer.kind === 'found' || running.elapsedMs() >= watchMs) return answer;
          throw new NothingYet('an invitation may still take effect', Math.min(LOOK_UP_EVERY_MS, watchMs));
        },
        startProgress,
      );
    },

    /** The clientUserId of a humanId in the upstream's record; null if it is unknown or not one of our ids. */
    async readClientUserId({ humanId }: { humanId: string }): Promise<string | null> {
      return attempt(async () => {
        const person = await readPersonOrNull(upstream, humanId);
        return isClientUserId(person?.clientUserId) ? person.clientUserId : null;
      }, startProgress);
    },
  };

  async function lookUpOnce({ clientUserId, clientUserEmail }: LookUpInput): Promise<LookUpAnswer> {
    const [person] = ownPeople(await upstream.findPeople({ clientUserId }), clientUserId);
    if (person === undefined || !matchesEmail(person, clientUserEmail)) return { kind: 'nobody' };
    const { subjectId, status, updatedAtMs } = person;
    return { kind: 'found', humanId: subjectId, status, updatedAtMs };
  }
}

async function readOnce(upstream: Upstream, humanId: string, running: Attempt<Progress>): Promise<StatusAnswer> {
  const person = await readPersonOrNull(upstream, humanId);
  const outageMs = running.outageMs();
  if (person === null) return { kind: 'absent', outageMs };
  const { status, updatedAtMs } = person;
  return { kind: 'status', status, updatedAtMs, askedAtMs: running.askedAtMs, outageMs };
}

/** Reads a person; null if the upstream itself answers that they do not exist. */
export async function readPersonOrNull(upstream: Upstream, subjectId: string): Promise<Person | null> {
  try {
    return await upstream.readStatus(subjectId);
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

/** A poll with a short cadence reports undecided answers sooner. */
function pollPatience({ undecidedAfterMs = null, delaysMs }: WatchStatusInput): UndecidedPatience {
  return { undecidedAfterMs: undecidedAfterMs && Math.min(undecidedAfterMs, delaysMs.at(-1) ?? Infinity) };
}

/** Another status is news, whatever its date, because the workflow decides which of two reads counts. */
function isNews(answer: StatusAnswer, known: WatchStatusInput): boolean {
  return answer.kind !== 'status' || normalizeStatus(answer.status) !== normalizeStatus(known.status);
}

/** Returns the progress of a failing poll, which the workflow cannot see. @throws CancelledFailure */
function reportOutage(error: unknown, { progress, nowMs, elapsedMs }: Attempt<Progress>): StatusAnswer {
  const ended: Progress = { ...progress, elapsedMs: elapsedMs() };
  const failure = toFailure(error, ended, nowMs());
  if (failure instanceof CancelledFailure) throw failure;
  const durationMs = ended.elapsedMs - (ended.failingFromMs ?? ended.elapsedMs);
  return { kind: 'outage', durationMs, failures: ended.streak, retryMs: ended.delayMs ?? 0 };
}

/** The people with our clientUserId. A single person without a clientUserId counts as ours. */
export function ownPeople(people: readonly Person[], clientUserId: string): readonly Person[] {
  const isOnly = people.length === 1 && people[0]?.clientUserId === null;
  return isOnly ? people : people.filter((person) => person.clientUserId === clientUserId);
}

/** True unless the upstream returned another e-mail; it may return none. */
export function matchesEmail(person: Person, clientUserEmail: string): boolean {
  return person.email === null || isSameEmail(person.email, clientUserEmail);
}
