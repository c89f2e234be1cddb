import type { UseCaseDeps, UseCases } from './use-cases';

export function readTimeline(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['timeline']>
): ReturnType<UseCases['timeline']> {
  throw new Error('not built yet');
}
