import type { UseCaseDeps, UseCases } from './use-cases';

export function showApplicant(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['show']>
): ReturnType<UseCases['show']> {
  throw new Error('not built yet');
}
