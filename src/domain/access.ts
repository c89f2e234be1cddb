import { type Collection, countDocuments, hasListedReports } from './collection';
import type { StatusKind } from './status';

/** What a refused access token contradicts, in words for the manifest; null where nothing does. `kind` null: no status is known. */
export function accessDenialContradiction(kind: StatusKind | null, collection: Collection): string | null {
  if (kind === 'all-synced') return 'the status said All Synced';
  if (kind === 'some-synced') return 'the status said Some Synced';
  const hasReports = hasListedReports(collection) || countDocuments(collection) > 0;
  return hasReports ? 'reports had been listed before' : null;
}
