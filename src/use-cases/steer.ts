import type { UseCaseDeps, UseCases } from './use-cases';

export function cancelApplicant(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['cancel']>
): ReturnType<UseCases['cancel']> {
  throw new Error('not built yet');
}

export function checkNow(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['checkNow']>
): ReturnType<UseCases['checkNow']> {
  throw new Error('not built yet');
}

export function finishNow(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['finishNow']>
): ReturnType<UseCases['finishNow']> {
  throw new Error('not built yet');
}

export function setDeadline(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['setDeadline']>
): ReturnType<UseCases['setDeadline']> {
  throw new Error('not built yet');
}

export function snooze(_deps: UseCaseDeps, ..._args: Parameters<UseCases['snooze']>): ReturnType<UseCases['snooze']> {
  throw new Error('not built yet');
}

export function retryCall(_deps: UseCaseDeps, ..._args: Parameters<UseCases['retry']>): ReturnType<UseCases['retry']> {
  throw new Error('not built yet');
}
