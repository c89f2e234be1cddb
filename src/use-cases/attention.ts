import type { UseCaseDeps, UseCases } from './use-cases';

export function readAttention(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['attention']>
): ReturnType<UseCases['attention']> {
  throw new Error('not built yet');
}
