import type { UseCaseDeps, UseCases } from './use-cases';

export function withdrawClosed(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['withdraw']>
): ReturnType<UseCases['withdraw']> {
  throw new Error('not built yet');
}
