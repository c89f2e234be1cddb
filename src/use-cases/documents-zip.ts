import type { UseCaseDeps, UseCases } from './use-cases';

export function openZip(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['openZip']>
): ReturnType<UseCases['openZip']> {
  throw new Error('not built yet');
}
