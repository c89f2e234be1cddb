import type { UseCaseDeps, UseCases } from './use-cases';

export function startApplicant(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['start']>
): ReturnType<UseCases['start']> {
  throw new Error('not built yet');
}
