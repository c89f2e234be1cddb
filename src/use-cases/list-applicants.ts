import type { UseCaseDeps, UseCases } from './use-cases';

export function listApplicants(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['list']>
): ReturnType<UseCases['list']> {
  throw new Error('not built yet');
}
