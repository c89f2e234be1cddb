import { ACTIONS, type ActionBase, refusalOf } from '../domain/actions';
import { upgradeFacts } from '../domain/carried-facts';
import { isInvitationUnanswered } from '../domain/deadline';
import { currentKind } from '../domain/facts';
import { parseInstantMs, toIso } from '../domain/instants';
import { closedNeeds, endingNeeds } from '../domain/needs';
import { nextStep } from '../domain/next-step';
import type { Reason, Stage } from '../domain/outcome';
import { countMissing } from '../domain/reports';
import { WAITS, waitCode } from '../domain/waits';
import type { Hold } from '../report-store/holds';
import type { Manifest } from '../report-store/port';
import type { ApplicantRecord } from '../temporal/applicant-record';
import type { FailingCall } from '../temporal/pending-calls';
import type { StateAnswer } from '../workflows/contract';
import { isOpenRecord, needsOf, withNeedsOfState } from './applicant-needs';
import type { ActionsView, ApplicantView, Degradation, PendingCallView, RoundView } from './views';

/** What is known of an applicant with a run in Temporal. */
export interface RunSources {
  readonly record: ApplicantRecord;
  /** Null: the run is closed or has just begun, or no worker answered. */
  readonly state: StateAnswer | null;
  readonly failingCalls: readonly FailingCall[];
  /** The next attempt of a poll that has found nothing so far. Null: no poll waits, and the state has the time of the next one. */
  readonly nextCheckAtMs: number | null;
  /** True: the run is open and makes no progress, or it was ended by force. */
  readonly isStuck: boolean;
  /** The manifest, if it has the closing of this run. */
  readonly closing: Manifest | null;
  /** In the result of a run whose closing the manifest does not have. */
  readonly reason: Reason | null;
  readonly authorizationReference: string | null;
  readonly snoozedUntilMs: number | null;
  readonly manifest: Manifest | null;
  readonly isStoreMissing: boolean;
  readonly hold: Hold | null;
  readonly degraded: readonly Degradation[];
  readonly nowMs: number;
}

export function viewOfRun(sources: RunSources): ApplicantView {
  const { state, closing, manifest, nowMs } = sources;
  const record = withNeedsOfState(sources.record, state);
  const { standing, stage, outcome } = record;
  const open = isOpenRecord(record);
  const reason = closing?.reason ?? state?.reason ?? sources.reason;
  const isCancelRequested = Boolean(state?.cancel);
  const isEnding = state !== null && (isCancelRequested || isClosing(state));
  const allNeeds = needsOf(record, sources.isStuck, nowMs);
  const needs = isEnding ? endingNeeds(allNeeds) : allNeeds;
  // It collects reports that came during its closing; the next round begins after that.
  const hasRunLeft = !open && record.closedAtMs === null;
  const round = record.round ?? state?.round ?? closing?.round ?? null;
  const openedAt = closing?.openedAt ?? toIso(record.openedAtMs ?? record.startedAtMs);
  const closedAt = open ? null : (closing?.closedAt ?? toIso(record.closedAtMs ?? record.stageSinceMs));
  const actionBase: ActionBase = {
    open,
    stage,
    isCancelRequested,
    isClosing: state !== null && isClosing(state),
    hasWaitingCall: sources.failingCalls.some(({ nextAttemptAtMs }) => nextAttemptAtMs !== null),
  };
  return {
    clientUserId: record.clientUserId,
    humanId: record.humanId ?? closing?.humanId ?? null,
    round,
    runId: record.runId,
    open,
    stage,
    stageSince: toIso(record.stageSinceMs),
    status: open ? (state?.status ?? null) : null,
    outcome,
    reason: outcome === null ? null : reason,
    openedAt,
    closedAt,
    waitingFor: open && state?.waitingFor ? { code: waitCode(state.waitingFor), text: state.waitingFor } : null,
    waitingUntil: open ? toIso(state?.waitingUntilMs ?? null) : null,
    deadline: open ? deadlineOf(record, state) : null,
    nextCheckAt: open ? toIso(sources.nextCheckAtMs ?? futureMs(state?.nextPollAtMs ?? null, nowMs)) : null,
    nextStep: nextStep({ standing, stage, outcome, reason, needs, isCancelRequested, hasRunLeft }),
    needs,
    snoozedUntil: toIso(futureMs(state?.snoozedUntilMs ?? sources.snoozedUntilMs, nowMs)),
    failure: state?.failure ?? closing?.failure ?? null,
    hold: holdView(sources.hold),
    rounds: sources.isStoreMissing ? null : roundsOf(manifest, { round, outcome, reason, openedAt, closedAt }),
    pendingCalls: sources.failingCalls.map(pendingCallView),
    documents: sources.isStoreMissing ? null : documentsView(manifest),
    actions: actionsView(actionBase),
    authorizationReference: sources.authorizationReference ?? closing?.authorizationReference ?? null,
    asOf: new Date(nowMs).toISOString(),
    source: 'temporal',
    degraded: sources.degraded,
  };
}

/**
 * The view of an applicant that has no run in Temporal, or of any applicant while Temporal does not answer. An applicant whose manifest has no outcome
 * was open at the last write. While Temporal does not answer, the view shows it as open, and `degraded` warns that it may have closed since.
 */
export function viewOfManifest(sources: {
  readonly manifest: Manifest;
  readonly isTemporalMissing: boolean;
  readonly hold: Hold | null;
  readonly degraded: readonly Degradation[];
  readonly nowMs: number;
}): ApplicantView {
  const { manifest, isTemporalMissing, nowMs } = sources;
  const { clientUserId, humanId, round, outcome, reason, openedAt, closedAt } = manifest;
  const isClosed = outcome !== null;
  const isUnknown = !isClosed && isTemporalMissing;
  const stage: Stage | null = isClosed ? 'closed' : null;
  const needs = closedNeeds(reason);
  const standing = isClosed ? 'ended' : 'forced';
  const ended = { isCancelRequested: false, hasRunLeft: false };
  const actionBase: ActionBase = {
    open: false,
    stage,
    isClosing: false,
    isCancelRequested: false,
    hasWaitingCall: false,
  };
  return {
    clientUserId,
    humanId,
    round,
    runId: null,
    open: isUnknown,
    stage,
    stageSince: isClosed ? closedAt : null,
    status: null,
    outcome,
    reason,
    openedAt,
    closedAt,
    waitingFor: null,
    waitingUntil: null,
    deadline: null,
    nextCheckAt: null,
    nextStep: isUnknown ? null : nextStep({ ...ended, standing, stage, outcome, reason, needs }),
    needs,
    snoozedUntil: null,
    failure: manifest.failure,
    hold: holdView(sources.hold),
    rounds: roundsOf(manifest, recordOf(manifest)),
    pendingCalls: isUnknown ? null : [],
    documents: documentsView(manifest),
    actions: isUnknown ? null : actionsView(actionBase),
    authorizationReference: manifest.authorizationReference,
    asOf: new Date(nowMs).toISOString(),
    source: 'manifest',
    degraded: sources.degraded,
  };
}

/** The state of a run of 0.2.0 shows only what it waits for. */
function isClosing(state: StateAnswer): boolean {
  return state.isClosing ?? (state.outcome !== null || state.waitingFor === WAITS['person-withdrawn']);
}

/** Without the state, the stage decides about the kind. */
function deadlineOf({ dueAtMs, stage }: ApplicantRecord, state: StateAnswer | null): ApplicantView['deadline'] {
  if (dueAtMs === null) return null;
  const facts = state?.facts ? upgradeFacts(state.facts) : null;
  const isUnanswered = facts ? isInvitationUnanswered(facts, currentKind(facts)) : stage === 'invited';
  return { at: new Date(dueAtMs).toISOString(), kind: isUnanswered ? 'invitation' : 'applicant' };
}

/** All rounds, oldest first, and the newest as `current`. The manifest may not have it yet. */
function roundsOf(
  manifest: Manifest | null,
  { round: knownRound, ...current }: Omit<RoundView, 'round'> & { readonly round: number | null },
): readonly RoundView[] {
  const round = knownRound ?? manifest?.round ?? 1;
  const recorded = manifest ? [...manifest.rounds, recordOf(manifest)] : [];
  return [...recorded.filter((other) => other.round < round), { round, ...current }];
}

function recordOf({ round, outcome, reason, openedAt, closedAt }: Manifest): RoundView {
  return { round, outcome, reason, openedAt, closedAt };
}

function documentsView(manifest: Manifest | null): ApplicantView['documents'] {
  const documents = manifest?.documents ?? [];
  const superseded = documents.filter((document) => document.superseded).length;
  return {
    stored: documents.length - superseded,
    superseded,
    missing: countMissing(manifest?.missing ?? []),
  };
}

function actionsView(base: ActionBase): ActionsView {
  const views = ACTIONS.map((action) => {
    const why = refusalOf(action, base);
    return [action, { allowed: why === null, why }] as const;
  });
  return Object.fromEntries(views) as ActionsView;
}

/** An unreadable hold has no date. */
function holdView(hold: Hold | null): ApplicantView['hold'] {
  return hold && { reasonCode: hold.reasonCode, since: toIso(parseInstantMs(hold.at)) };
}

function pendingCallView({ call, attempt, failure, sinceMs, nextAttemptAtMs }: FailingCall): PendingCallView {
  return { call, attempt, failure, since: toIso(sinceMs), nextAttemptAt: toIso(nextAttemptAtMs) };
}

function futureMs(timeMs: number | null, nowMs: number): number | null {
  return timeMs !== null && timeMs > nowMs ? timeMs : null;
}
