import type { UseCaseDeps, UseCases } from './use-cases';

export function readInvitation(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['invitation']>
): ReturnType<UseCases['invitation']> {
  throw new Error('not built yet');
}
