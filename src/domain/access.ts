import type { StatusKind } from './applicant';
import { type Collection, documentCount, isAnythingListed } from './collection';

/** What a refused access token contradicts, in words for the manifest; null where nothing does. `kind` null: no status is known. */
export function contradictionOfRefusal(kind: StatusKind | null, collection: Collection): string | null {
  if (kind === 'all-synced') return 'the status said All Synced';
  if (kind === 'some-synced') return 'the status said Some Synced';
  const hasReports = isAnythingListed(collection) || documentCount(collection) > 0;
  return hasReports ? 'reports had been listed before' : null;
}
