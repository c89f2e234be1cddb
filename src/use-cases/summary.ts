import type { UseCaseDeps, UseCases } from './use-cases';

export function readSummary(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['summary']>
): ReturnType<UseCases['summary']> {
  throw new Error('not built yet');
}
