import type { UseCaseDeps, UseCases } from './use-cases';

export function listDocuments(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['documents']>
): ReturnType<UseCases['documents']> {
  throw new Error('not built yet');
}

export function openDocument(
  _deps: UseCaseDeps,
  ..._args: Parameters<UseCases['openDocument']>
): ReturnType<UseCases['openDocument']> {
  throw new Error('not built yet');
}
