import { activityInfo, heartbeat, sleep } from '@temporalio/activity';
import { parseInstantMs } from '../domain/instants';
import type { ReportStore } from '../report-store/port';
import {
  AlreadyExists,
  RateLimited,
  Unavailable,
  Undecided,
  UpstreamError,
  ValidationRejected,
} from '../upstream/errors';
import type { Person, Upstream } from '../upstream/port';
import type { ApplicantDetails } from '../workflows/contract';
import {
  type Attempt,
  answerUndecided,
  attempt,
  stopIfCancelled,
  type UndecidedAnswer,
  type UndecidedPatience,
} from './attempt';
import { NothingYet } from './failures';
import { matchesEmail, ownPeople } from './person';
import { type Progress, startProgress } from './progress';
import { translateStoreErrors } from './store';

/** The result of an invitation. `conflict` and `invalid` are final: a human has to look. */
export type InvitationAnswer =
  | {
      kind: 'invited' | 'adopted';
      humanId: string;
      status: string;
      updatedAtMs: number | null;
      askedAtMs: number;
      /** Only of a created person, if the answer had one. */
      inviteLink?: string;
    }
  | { kind: 'conflict' }
  | { kind: 'invalid'; keys: readonly string[] }
  /** No person is found, although the manifest shows that this run has invited one: Temporal was restored from a backup. */
  | { kind: 'had-before' }
  /** No look-up has decided whether the person exists, or no answer whether the details are valid. */
  | UndecidedAnswer;

interface InvitationProgress extends Progress {
  /** When a create was sent whose effect is unknown, by the server's clock; null: none. Workers of 0.1.0 read it too. */
  createSentAtMs: number | null;
  /** The `elapsedMs` at which the look-ups for that effect began; they continue for {@link AMBIGUOUS_FOR_MS}. */
  lookingFromMs: number;
  /** A create was answered 409: a second one is pointless. */
  exists: boolean;
  /** Look-ups since the create, to space them. */
  lookUps: number;
}

/**
 * How long we look for the effect of an ambiguous create before a second one, without time in the queue. The upstream's commit delay is
 * unknown, and a later invitation costs the person nothing.
 */
const AMBIGUOUS_FOR_MS = 50_000;
/** The look-ups come after 1, 2, 4, then every 8 s. */
const MAX_LOOK_UP_DELAY_MS = 8_000;

export interface InvitationDeps {
  readonly upstream: Upstream;
  readonly reportStore: Pick<ReportStore, 'readManifest'>;
  /** How long a call that timed out may still be alive at the upstream. */
  readonly timeoutMs: number;
}

interface InviteInput extends UndecidedPatience {
  readonly details: ApplicantDetails;
  /** When the workflow's run began. */
  readonly begunAtMs: number;
  /** An earlier activity sent a create whose effect is unknown. */
  readonly createSent?: boolean;
  /** That create was answered 409. */
  readonly exists?: boolean;
  /** False: the upstream sends no e-mail, because the carrier sends the link. Absent: true. */
  readonly autoInvite?: boolean;
}

/** Invites at most once. Look-up and create are one activity, so that nothing comes between them. */
export function createInvitationActivities({ upstream, reportStore, timeoutMs }: InvitationDeps) {
  return {
    /** Adopts an existing person, or creates one. After an ambiguous answer it looks up for a while before it creates again. */
    async invite(input: InviteInput): Promise<InvitationAnswer> {
      return attempt<InvitationAnswer, InvitationProgress>(
        (running) => inviteOnce(running, input),
        (before, afterLostAttempt) => startInvitationProgress(before, input, afterLostAttempt),
      );
    },
  };

  async function inviteOnce(running: Attempt<InvitationProgress>, input: InviteInput): Promise<InvitationAnswer> {
    const { details, begunAtMs } = input;
    const { progress, elapsedMs } = running;
    const sentBeforeMs = progress.createSentAtMs;
    // Until it is certain that no create was sent, a heartbeat says that one may have been.
    progress.createSentAtMs ??= running.nowMs();
    const restoreSentAt = (error: unknown) => {
      progress.createSentAtMs = sentBeforeMs;
      throw error;
    };
    const person = await answerUndecided(running, input, () => lookUp(details).catch(restoreSentAt));
    if (person && 'kind' in person) return { ...person, createSent: sentBeforeMs !== null, exists: progress.exists };
    if (person) return toAdoptedAnswer(person, details, running.askedAtMs);
    const remainingMs = progress.lookingFromMs + AMBIGUOUS_FOR_MS - elapsedMs();
    if (sentBeforeMs !== null && remainingMs > 0) throw lookUpAgain(progress, remainingMs);
    if (progress.exists) return { kind: 'conflict' };
    if (await isInvitedByThisRun(details, begunAtMs).catch(restoreSentAt)) {
      progress.createSentAtMs = null;
      return { kind: 'had-before' };
    }
    return create(running, input);
  }

  /** After a restore from a backup, the run does not know that it has invited, or even withdrawn; the store does. */
  async function isInvitedByThisRun({ clientUserId }: ApplicantDetails, begunAtMs: number): Promise<boolean> {
    const manifest = await translateStoreErrors(() => reportStore.readManifest(clientUserId));
    const recordedAtMs = parseInstantMs(manifest?.closedAt ?? manifest?.openedAt ?? null);
    return recordedAtMs !== null && recordedAtMs >= begunAtMs;
  }

  async function create(running: Attempt<InvitationProgress>, input: InviteInput): Promise<InvitationAnswer> {
    const { details, autoInvite = true } = input;
    const { progress, nowMs, elapsedMs } = running;
    stopIfCancelled();
    progress.createSentAtMs = nowMs();
    progress.lookingFromMs = elapsedMs();
    heartbeat(progress);
    try {
      const { subjectId, status, updatedAtMs, inviteLink } = await upstream.invite({ ...details, autoInvite });
      return {
        kind: 'invited',
        humanId: subjectId,
        status: status || 'Invited',
        updatedAtMs,
        askedAtMs: running.askedAtMs,
        ...(inviteLink !== null && { inviteLink }),
      };
    } catch (error) {
      if (error instanceof ValidationRejected) return { kind: 'invalid', keys: error.keys };
      if (!(error instanceof UpstreamError)) throw error;
      if (!wasRejectedUnprocessed(error)) return afterAmbiguousCreate(running, details, error);
      progress.createSentAtMs = null;
      return answerUndecided(running, input, () => Promise.reject(error));
    }
  }

  /** The create may have taken effect, or may do so later: look up, now and for a while. */
  async function afterAmbiguousCreate(
    running: Attempt<InvitationProgress>,
    details: ApplicantDetails,
    error: UpstreamError,
  ): Promise<InvitationAnswer> {
    const { progress, nowMs, elapsedMs } = running;
    progress.exists = error instanceof AlreadyExists;
    try {
      if (error instanceof Unavailable && error.callMayBeAlive) await sleep(timeoutMs);
    } finally {
      // Also if a draining worker ends the sleep: the next attempt then looks for the full time.
      progress.createSentAtMs = nowMs();
      progress.lookingFromMs = elapsedMs();
      progress.lookUps = 0;
    }
    const person = await lookUp(details);
    if (person) return toAdoptedAnswer(person, details, running.askedAtMs);
    throw lookUpAgain(progress, AMBIGUOUS_FOR_MS, error);
  }

  async function lookUp({ clientUserId }: ApplicantDetails): Promise<Person | null> {
    return ownPeople(await upstream.findPeople({ clientUserId }), clientUserId)[0] ?? null;
  }
}

/** After a lost attempt or activity, a create may have been sent, so the look-ups start again, for the full time. */
function startInvitationProgress(
  before: InvitationProgress | null,
  { exists = false, createSent = false }: InviteInput,
  afterLostAttempt: boolean,
): InvitationProgress {
  const nothingSent = { ...startProgress(null), createSentAtMs: null, lookingFromMs: 0, exists, lookUps: 0 };
  const progress = before ?? nothingSent;
  if (!afterLostAttempt && !(before === null && createSent)) return progress;
  const createSentAtMs = progress.createSentAtMs ?? activityInfo().currentAttemptScheduledTimestampMs;
  return { ...progress, createSentAtMs, lookingFromMs: progress.elapsedMs, lookUps: 0 };
}

/** The last look-up comes at the end of the time, so that a second create is not delayed further. */
function lookUpAgain(progress: InvitationProgress, remainingMs: number, lost: UpstreamError | null = null): NothingYet {
  const delayMs = Math.min(1_000 * 2 ** progress.lookUps, MAX_LOOK_UP_DELAY_MS, Math.max(0, remainingMs));
  progress.lookUps += 1;
  const why = lost === null ? '' : `: ${lost.message}`;
  return new NothingYet(
    `an invitation whose answer was lost may still take effect${why}`,
    delayMs,
    lost?.call.requestId,
  );
}

/**
 * True if the upstream itself rejected the create before processing it: not sent at all, 429, or another 4xx in its own envelope. Not 408 (a
 * gateway's timeout), 409 (the person exists) or a 5xx, with or without `Retry-After`. Redirects, pages and other JSON prove nothing: a
 * gateway may have sent them after the upstream had processed the create.
 */
function wasRejectedUnprocessed(error: UpstreamError): boolean {
  const { status } = error.call;
  if (error instanceof RateLimited) return status !== 503;
  if (error instanceof Undecided) return true;
  const isUpstreamsWord = error instanceof Unavailable && error.isUpstreamsWord;
  return isUpstreamsWord && status !== null && status >= 400 && status < 500 && status !== 408 && status !== 409;
}

/** A person with another e-mail may not be our applicant: a conflict that a human has to resolve. */
function toAdoptedAnswer(person: Person, details: ApplicantDetails, askedAtMs: number): InvitationAnswer {
  if (!matchesEmail(person, details.clientUserEmail)) return { kind: 'conflict' };
  const { subjectId, status, updatedAtMs } = person;
  return { kind: 'adopted', humanId: subjectId, status, updatedAtMs, askedAtMs };
}
