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
  askWithPatience,
  attempt,
  stopIfCancelled,
  type UndecidedAnswer,
  type UndecidedPatience,
} from './attempt';
import { NothingYet } from './failures';
import { matchesEmail, ownPeople } from './person';
import { type Progress, startProgress } from './progress';
import { translateStoreErrors } from './store';

/** The result of an invitation. After `conflict` and `invalid` an operator has to act. */
export type InviteAnswer =
  | {
      kind: 'invited' | 'adopted';
      humanId: string;
      status: string;
      updatedAtMs: number | null;
      askedAtMs: number;
      /** Only for a created person, if the answer had one. */
      inviteLink?: string;
    }
  | { kind: 'conflict' }
  /** `requestId`: upstream's, if it gave one. */
  | { kind: 'invalid'; keys: readonly string[]; requestId?: string }
  /** No person exists, although the manifest shows that this run has invited one: Temporal was restored from a backup. */
  | { kind: 'had-before' }
  /** The answers do not decide whether the person exists, or whether the details are valid. */
  | UndecidedAnswer;

interface InvitationProgress extends Progress {
  /** When a create with an unknown effect was sent, by the server's clock; null: none. Workers of 0.1.0 read it too. */
  createSentAtMs: number | null;
  /** The `elapsedMs` at which the look-ups for its effect began. They continue for {@link AMBIGUOUS_FOR_MS}. */
  lookingFromMs: number;
  /** True after a create was answered 409: another one would be answered the same. */
  exists: boolean;
  /** How many look-ups followed the create: their delay doubles. */
  lookUps: number;
}

/**
 * How long to look for the effect of an ambiguous create before a second one, without time in the queue. The upstream's commit delay is unknown, and
 * a delay of the invitation does the person no harm.
 */
const AMBIGUOUS_FOR_MS = 50_000;
/** The delays of the look-ups are 1, 2, 4, then 8 s. */
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
  /** True: an earlier activity sent a create with an unknown effect. */
  readonly createSent?: boolean;
  /** True: that create was answered 409. */
  readonly exists?: boolean;
  /** False: the upstream sends no e-mail, because the carrier sends the link. Default: true. */
  readonly autoInvite?: boolean;
}

/** The activity that invites a person at most once. It makes look-up and create together, so that nothing happens between them. */
export function createInvitationActivities({ upstream, reportStore, timeoutMs }: InvitationDeps) {
  return {
    /** Adopts an existing person, or creates one. After a create with an unknown effect, looks for the person for a while before it creates again. */
    async invite(input: InviteInput): Promise<InviteAnswer> {
      return attempt<InviteAnswer, InvitationProgress>(
        (running) => inviteOnce(running, input),
        (before, afterLostAttempt) => startInvitationProgress(before, input, afterLostAttempt),
      );
    },
  };

  async function inviteOnce(running: Attempt<InvitationProgress>, input: InviteInput): Promise<InviteAnswer> {
    const { details, begunAtMs } = input;
    const { progress, elapsedMs } = running;
    const sentBeforeMs = progress.createSentAtMs;
    // A heartbeat in this attempt has to show that a create may have been sent. A failed look-up restores the value.
    progress.createSentAtMs ??= running.nowMs();
    const rethrowAsUnsent = (error: unknown) => {
      progress.createSentAtMs = sentBeforeMs;
      throw error;
    };
    const found = await askWithPatience(running, input, () => lookUp(details).catch(rethrowAsUnsent));
    if (found && 'kind' in found) return { ...found, createSent: sentBeforeMs !== null, exists: progress.exists };
    if (found) return toAdoptedAnswer(found, details, running.askedAtMs);
    const remainingMs = progress.lookingFromMs + AMBIGUOUS_FOR_MS - elapsedMs();
    if (sentBeforeMs !== null && remainingMs > 0) throw lookUpAgain(progress, remainingMs);
    if (progress.exists) return { kind: 'conflict' };
    if (await isInvitedByThisRun(details, begunAtMs).catch(rethrowAsUnsent)) {
      progress.createSentAtMs = null;
      return { kind: 'had-before' };
    }
    return create(running, input);
  }

  /** True if the manifest shows that this run has invited the person, which a Temporal restored from a backup does not know. */
  async function isInvitedByThisRun({ clientUserId }: ApplicantDetails, begunAtMs: number): Promise<boolean> {
    const manifest = await translateStoreErrors(() => reportStore.readManifest(clientUserId));
    const recordedAtMs = parseInstantMs(manifest?.closedAt ?? manifest?.openedAt ?? null);
    return recordedAtMs !== null && recordedAtMs >= begunAtMs;
  }

  async function create(running: Attempt<InvitationProgress>, input: InviteInput): Promise<InviteAnswer> {
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
      if (error instanceof ValidationRejected) {
        const { requestId } = error.call;
        return { kind: 'invalid', keys: error.keys, ...(requestId !== null && { requestId }) };
      }
      if (!(error instanceof UpstreamError)) throw error;
      if (!wasRejectedUnprocessed(error)) return afterAmbiguousCreate(running, details, error);
      progress.createSentAtMs = null;
      return askWithPatience(running, input, () => Promise.reject(error));
    }
  }

  /** The create may have taken effect, or may do so later: looks the person up, now and for a while. */
  async function afterAmbiguousCreate(
    running: Attempt<InvitationProgress>,
    details: ApplicantDetails,
    error: UpstreamError,
  ): Promise<InviteAnswer> {
    const { progress, nowMs, elapsedMs } = running;
    progress.exists = error instanceof AlreadyExists;
    try {
      if (error instanceof Unavailable && error.callMayBeAlive) await sleep(timeoutMs);
    } finally {
      // Also if a draining worker interrupts the sleep: then the next attempt looks for the full time.
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

/** After a lost attempt, or an activity that sent a create, the look-ups begin again for the full time. */
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

/** A retry after the next delay, at most `remainingMs`, so that a second create is not delayed further. */
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
 * True if the upstream did not process the create: it was not sent, or answered 429 or another 4xx in the upstream's own envelope. False after 408 (a
 * gateway's timeout), 409 (the person exists) and any 5xx. Redirects, pages and other JSON prove nothing, because a gateway may have sent them after
 * the upstream had processed the create.
 */
function wasRejectedUnprocessed(error: UpstreamError): boolean {
  const { status } = error.call;
  if (error instanceof RateLimited) return status !== 503;
  if (error instanceof Undecided) return true;
  const isFromUpstream = error instanceof Unavailable && error.isFromUpstream;
  return isFromUpstream && status !== null && status >= 400 && status < 500 && status !== 408 && status !== 409;
}

/** A person with another e-mail may not be our applicant: an operator has to resolve this conflict. */
function toAdoptedAnswer(person: Person, details: ApplicantDetails, askedAtMs: number): InviteAnswer {
  if (!matchesEmail(person, details.clientUserEmail)) return { kind: 'conflict' };
  const { subjectId, status, updatedAtMs } = person;
  return { kind: 'adopted', humanId: subjectId, status, updatedAtMs, askedAtMs };
}
