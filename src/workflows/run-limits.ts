import { CancellationScope, CancelledFailure, workflowInfo } from '@temporalio/workflow';

/** The server accepts 10,000 per run. */
const MAX_SIGNALS = 2_000;

/** True once a run should continue as new, because of its signals or its history. */
export function hasReachedRunLimit(signals: number): boolean {
  return signals >= MAX_SIGNALS || workflowInfo().continueAsNewSuggested;
}

export function isCancelRequested(): boolean {
  return CancellationScope.current().consideredCancelled;
}

/** Call after a step that a cancel request does not end. @throws CancelledFailure */
export function throwIfCancelled(message: string): void {
  if (isCancelRequested()) throw new CancelledFailure(message);
}
