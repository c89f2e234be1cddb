import type { UseCaseDeps, UseCases } from './use-cases';

export function readAuditTrail(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['audit']>
): ReturnType<UseCases['audit']> {
  throw new Error('not built yet');
}
