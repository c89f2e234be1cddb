import type { UseCaseDeps, UseCases } from './use-cases';

export function readSystem(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['system']>
): ReturnType<UseCases['system']> {
  throw new Error('not built yet');
}
