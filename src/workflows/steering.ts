import { ApplicationFailure } from '@temporalio/common';
import { type CancellationScope, setHandler, upsertMemo } from '@temporalio/workflow';
import { withNextListRequested } from '../domain/collection';
import { withDeadline, withReadBackRequest } from '../domain/facts';
import { findTimeRefusal, REASON_CODES, type ReasonCode, type Refusal } from '../domain/steering';
import type { Applicant } from './applicant';
import {
  cancelApplicantSignal,
  checkNowSignal,
  finishNowUpdate,
  NOT_NOW,
  SNOOZED_UNTIL_MEMO,
  setDeadlineUpdate,
  snoozeUpdate,
} from './contract';

/** An unchecked payload: any client can send a signal or an update. */
type Received<T> = Partial<Record<keyof T, unknown>> | null | undefined;

/**
 * Registers the actions of operators. A cancel cancels `root`, the scope of the whole run, as a cancel request in Temporal does; one that comes after
 * the conclusion still withdraws the person. A malformed signal is ignored, a malformed update is rejected. Notes stay in the payloads.
 */
export function registerSteering(applicant: Applicant, root: CancellationScope): void {
  const { state } = applicant;

  setHandler(cancelApplicantSignal, (request: Received<{ reasonCode: unknown }>) => {
    applicant.countMessage();
    const reasonCode = request?.reasonCode;
    // Temporal's cancel request may be handled before this signal, although it is sent after it.
    if (!isReasonCode(reasonCode) || state.cancel !== null) return;
    state.cancel = { reasonCode, atMs: Date.now() };
    applicant.record('cancel-requested', 'operator', { reasonCode });
    // The outcome of a concluded applicant stands: see withdrawAfterEnd.
    if (!isConcluded()) root.cancel();
  });
  // This run continues one whose cancel is unfinished.
  if (state.cancel !== null) root.cancel();

  setHandler(checkNowSignal, () => {
    applicant.countMessage();
    if (findRefusal() !== null || !applicant.isInvited) return;
    applicant.facts = withReadBackRequest(applicant.facts, Date.now());
    state.collection = withNextListRequested(state.collection, Date.now());
    applicant.record('check-requested', 'operator');
  });

  const requireFinish = (request: Received<{ reasonCode: unknown }>): ReasonCode => {
    const reasonCode = request?.reasonCode;
    if (!isReasonCode(reasonCode)) throw malformed('a reason code');
    const refusal = findRefusal();
    // A repeat is accepted until the applicant is closed.
    const isRepeat = refusal === 'closing' && state.finish !== null;
    if (!isRepeat) refuseIf(refusal ?? findInviting());
    return reasonCode;
  };
  setHandler(
    finishNowUpdate,
    (request) => {
      applicant.countMessage();
      const reasonCode = requireFinish(request);
      if (state.finish !== null) return;
      state.finish = { reasonCode, atMs: Date.now() };
      applicant.record('finish-requested', 'operator', { reasonCode });
    },
    { validator: (request) => void requireFinish(request) },
  );

  const requireDeadline = (request: Received<{ atMs: unknown }>): number => {
    const atMs = requireTime(request?.atMs);
    refuseIf(findRefusal() ?? findInviting() ?? findTimeRefusal(atMs, Date.now()));
    return atMs;
  };
  setHandler(
    setDeadlineUpdate,
    (request) => {
      applicant.countMessage();
      const atMs = requireDeadline(request);
      if (applicant.facts.due.deadlineAtMs === atMs) return;
      applicant.facts = withDeadline(applicant.facts, atMs);
      applicant.record('deadline-changed', 'operator', { atMs });
    },
    { validator: (request) => void requireDeadline(request) },
  );

  const requireSnooze = (request: Received<{ untilMs: unknown }>): number => {
    const untilMs = requireTime(request?.untilMs);
    refuseIf(findRefusal() ?? findTimeRefusal(untilMs, Date.now()));
    return untilMs;
  };
  setHandler(
    snoozeUpdate,
    (request) => {
      applicant.countMessage();
      const untilMs = requireSnooze(request);
      if (state.snoozedUntilMs === untilMs) return;
      state.snoozedUntilMs = untilMs;
      upsertMemo({ [SNOOZED_UNTIL_MEMO]: untilMs });
      applicant.record('snoozed', 'operator', { untilMs });
    },
    { validator: (request) => void requireSnooze(request) },
  );

  /** Why no action fits; null: some do. */
  function findRefusal(): Refusal | null {
    if (state.stage === 'closed') return 'closed';
    if (state.cancel !== null || root.consideredCancelled) return 'cancelling';
    return isConcluded() ? 'closing' : null;
  }

  function isConcluded(): boolean {
    return applicant.isClosing || state.outcome !== null;
  }

  function findInviting(): Refusal | null {
    return applicant.isInvited ? null : 'inviting';
  }
}

function isReasonCode(value: unknown): value is ReasonCode {
  return (REASON_CODES as readonly unknown[]).includes(value);
}

function requireTime(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw malformed('milliseconds since 1970');
  return value;
}

/** A failure of the update, not of the workflow. */
function refuseIf(refusal: Refusal | null): void {
  if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, NOT_NOW);
}

function malformed(expected: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`expected ${expected} in the input of this update`, 'MalformedUpdate');
}
