import type { UseCaseDeps, UseCases } from './use-cases';

export function readDetails(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['details']>
): ReturnType<UseCases['details']> {
  throw new Error('not built yet');
}
