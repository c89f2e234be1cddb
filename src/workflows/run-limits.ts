import { CancellationScope, CancelledFailure, workflowInfo } from '@temporalio/workflow';

/** A run continues as new after so many signals, whatever the server suggests: its own limit is 10,000 a run. */
const MAX_SIGNALS = 2_000;

/** True once a run has taken enough, even if nothing of it changed what is known: beyond its limit the server refuses honest notices too. */
export function hasTakenEnough(signals: number): boolean {
  return signals >= MAX_SIGNALS || workflowInfo().continueAsNewSuggested;
}

/** A cancel that came while a step ran to its end takes effect before the next one. @throws CancelledFailure */
export function throwIfCancelled(message: string): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure(message);
}
