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
import { type Attempt, attempt, stopIfCancelled } from './attempt';
import { NothingYet } from './failures';
import { translateStoreErrors } from './manifests';
import { findOwnPerson, matchesEmail } from './person';
import { type Progress, startProgress } from './progress';
import { answerUndecided, type UndecidedAnswer, type UndecidedPatience } from './undecided';

/** What came of an invitation. `conflict` and `invalid` are final: a human has to look. */
export type InvitationAnswer =
  | {
      kind: 'invited' | 'adopted';
      humanId: string;
      status: string;
      updatedAtMs: number | null;
      askedAtMs: number;
      /** Only of a person who was created, where the answer had one: a person who is adopted has none. */
      inviteLink?: string;
    }
  | { kind: 'conflict' }
  | { kind: 'invalid'; keys: readonly string[] }
  /** Nobody is there, yet the manifest says that this very run has had the person: Temporal was restored from a backup. */
  | { kind: 'had-before' }
  /** No look-up has decided whether the person exists, or no answer whether the details are valid. */
  | UndecidedAnswer;

interface InvitationProgress extends Progress {
  /** When a create was sent whose effect is not known, by the server's clock; null when none is on its way. Workers of 0.1.0 read it too. */
  createSentAtMs: number | null;
  /** Where on `elapsedMs` the look-ups for that effect began: they go on for {@link AMBIGUOUS_FOR_MS} of it. */
  lookingFromMs: number;
  /** Upstream said 409: a second create is pointless. */
  exists: boolean;
  /** Look-ups since, to space them. */
  lookUps: number;
}

/**
 * How long we look for the effect of an ambiguous create before a second one, in time that was waited: a wait in the queue does not shorten
 * it. The design allows a minute; upstream's commit delay is not known, and a person who waits for an invitation loses nothing by it.
 */
const AMBIGUOUS_FOR_MS = 50_000;
/** Look-ups in that time are 1, 2, 4, then 8 s apart. */
const MAX_LOOK_UP_APART_MS = 8_000;

/** What inviting needs: `timeoutMs` is how long a call that we gave up on may still be alive at upstream. */
export interface InvitationDeps {
  readonly upstream: Upstream;
  readonly reportStore: Pick<ReportStore, 'readManifest'>;
  readonly timeoutMs: number;
}

interface InviteInput extends UndecidedPatience {
  readonly details: ApplicantDetails;
  /** When the workflow's run began. */
  readonly begunAtMs: number;
  /** An activity before this one left a create on its way whose effect is not known. */
  readonly createSent?: boolean;
  /** Upstream answered that create with 409. */
  readonly exists?: boolean;
  /** False: upstream sends no e-mail, because the carrier sends the link. Absent: true. */
  readonly autoInvite?: boolean;
}

/** Inviting at most once. Look-up and create are one step, so that nothing comes between them. */
export function createInvitationActivities({ upstream, reportStore, timeoutMs }: InvitationDeps) {
  return {
    /** Looks up, adopts what is there, else creates; after an ambiguous answer it looks up for a while before it creates again. */
    async invite(input: InviteInput): Promise<InvitationAnswer> {
      return attempt<InvitationAnswer, InvitationProgress>(
        (running) => inviteOnce(running, input),
        (before, afterSilence) =>
          startInvitationProgress(before, input, afterSilence || (before === null && input.createSent === true)),
      );
    },
  };

  async function inviteOnce(running: Attempt<InvitationProgress>, input: InviteInput): Promise<InvitationAnswer> {
    const { details, begunAtMs } = input;
    const { progress, elapsedMs } = running;
    const sentBeforeMs = progress.createSentAtMs;
    // Until we know better, a heartbeat of this attempt says that it may have sent a create.
    progress.createSentAtMs ??= running.nowMs();
    const nothingSent = (error: unknown) => {
      progress.createSentAtMs = sentBeforeMs;
      throw error;
    };
    const there = await answerUndecided(running, input, () => lookUp(details).catch(nothingSent));
    if (there && 'kind' in there) return { ...there, createSent: sentBeforeMs !== null, exists: progress.exists };
    if (there) return toAdoptedAnswer(there, details, running.askedAtMs);
    const remainingMs = progress.lookingFromMs + AMBIGUOUS_FOR_MS - elapsedMs();
    if (sentBeforeMs !== null && remainingMs > 0) throw lookUpAgain(progress, remainingMs);
    if (progress.exists) return { kind: 'conflict' };
    if (await isInvitedByThisRun(details, begunAtMs).catch(nothingSent)) {
      progress.createSentAtMs = null;
      return { kind: 'had-before' };
    }
    return create(running, input);
  }

  /** A run that was restored from a backup does not know that it has invited, or even withdrawn; the store does. */
  async function isInvitedByThisRun({ clientUserId }: ApplicantDetails, begunAtMs: number): Promise<boolean> {
    const manifest = await translateStoreErrors(() => reportStore.readManifest(clientUserId));
    const toldAtMs = parseInstantMs(manifest?.closedAt ?? manifest?.openedAt ?? null);
    return toldAtMs !== null && toldAtMs >= begunAtMs;
  }

  async function create(running: Attempt<InvitationProgress>, input: InviteInput): Promise<InvitationAnswer> {
    const { details, autoInvite = true } = input;
    const { progress, nowMs, elapsedMs } = running;
    stopIfCancelled();
    progress.createSentAtMs = nowMs();
    progress.lookingFromMs = elapsedMs();
    heartbeat(progress);
    try {
      const user = await upstream.invite({ ...details, autoInvite });
      const link = user.inviteLink === null ? {} : { inviteLink: user.inviteLink };
      return { kind: 'invited', ...personFields(user, 'Invited'), askedAtMs: running.askedAtMs, ...link };
    } catch (error) {
      if (error instanceof ValidationRejected) return { kind: 'invalid', keys: error.keys };
      if (!(error instanceof UpstreamError)) throw error;
      if (!wasRejectedUnprocessed(error)) return afterAmbiguousCreate(running, details, error);
      progress.createSentAtMs = null;
      return answerUndecided(running, input, () => Promise.reject(error));
    }
  }

  /** The create may have had its effect or may have it yet: the answer is in a look-up, now and for a while. */
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
      // Also where a worker that drains ends the wait: the next attempt then looks for the whole time.
      progress.createSentAtMs = nowMs();
      progress.lookingFromMs = elapsedMs();
      progress.lookUps = 0;
    }
    const there = await lookUp(details);
    if (there) return toAdoptedAnswer(there, details, running.askedAtMs);
    throw lookUpAgain(progress, AMBIGUOUS_FOR_MS, error);
  }

  async function lookUp({ clientUserId }: ApplicantDetails): Promise<Person | null> {
    return findOwnPerson(await upstream.findPeople({ clientUserId }), clientUserId);
  }
}

/** `afterSilence`: a create may have been sent of which this activity knows nothing, so the look-ups begin anew, at their full length. */
function startInvitationProgress(
  before: InvitationProgress | null,
  { exists = false }: InviteInput,
  afterSilence: boolean,
): InvitationProgress {
  const nothingSent = { ...startProgress(null), createSentAtMs: null, lookingFromMs: 0, exists, lookUps: 0 };
  const progress = before ?? nothingSent;
  if (!afterSilence) return progress;
  const createSentAtMs = progress.createSentAtMs ?? activityInfo().currentAttemptScheduledTimestampMs;
  return { ...progress, createSentAtMs, lookingFromMs: progress.elapsedMs, lookUps: 0 };
}

/** The last look-up falls on the end of the time, so that a second create comes no later than it may. */
function lookUpAgain(progress: InvitationProgress, remainingMs: number, lost: UpstreamError | null = null): NothingYet {
  const apartMs = Math.min(1_000 * 2 ** progress.lookUps, MAX_LOOK_UP_APART_MS, Math.max(0, remainingMs));
  progress.lookUps += 1;
  const why = lost === null ? '' : `: ${lost.message}`;
  return new NothingYet(`the effect of an invitation whose answer was lost${why}`, apartMs, lost?.call.requestId);
}

/**
 * True where upstream itself turned the create away before it was worked on, so that nothing can come of it: not sent at all, 429, or another
 * 4xx in one of its envelopes. Not 408 (a gateway's time-out), 409 (a person is there) and any 5xx, with `Retry-After` or without: those tell
 * nothing of the effect. Nor does a redirect, a page or foreign JSON: a gateway may have answered so after upstream had worked.
 */
function wasRejectedUnprocessed(error: UpstreamError): boolean {
  const { status } = error.call;
  if (error instanceof RateLimited) return status !== 503;
  if (error instanceof Undecided) return true;
  const isUpstreamsWord = error instanceof Unavailable && error.isUpstreamsWord;
  return isUpstreamsWord && status !== null && status >= 400 && status < 500 && status !== 408 && status !== 409;
}

/** Another e-mail upstream is a conflict for a human: whoever was invited there is not known to be our applicant. */
function toAdoptedAnswer(user: Person, details: ApplicantDetails, askedAtMs: number): InvitationAnswer {
  if (!matchesEmail(user, details.clientUserEmail)) return { kind: 'conflict' };
  return { kind: 'adopted', ...personFields(user, user.status), askedAtMs };
}

function personFields(user: Person, otherwise: string) {
  return { humanId: user.subjectId, status: user.status || otherwise, updatedAtMs: user.updatedAtMs };
}
