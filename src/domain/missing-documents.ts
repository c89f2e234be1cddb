import { type Collection, hasListedReports } from './collection';
import { isAtDocumentLimit, type MissingVersion, missingVersions } from './collection-documents';
import { NOT_OFFERED_DETAIL } from './download-results';
import { findAbsentReports, type MissingDocument, type MissingReason, type Wanted } from './reports';

/** How many entries a manifest lists. Further ones are counted by type, format and reason. */
const MAX_ENTRIES = 300;
/** Reasons that change the outcome come first; unknown reasons of later versions come last. */
const ORDER: readonly MissingReason[] = ['failed', 'missing', 'not-listed', 'not-offered'];
const MAX_DETAIL_LENGTH = 200;

/** Every wanted document that is not stored, for the manifest; some hundred entries at most. */
export function missingDocuments(collection: Collection, wanted: Wanted): MissingDocument[] {
  return limitEntries(allMissing(collection, wanted));
}

export function missingReasons(collection: Collection, wanted: Wanted): ReadonlySet<MissingReason> {
  return new Set(allMissing(collection, wanted).map(({ reason }) => reason));
}

function allMissing(collection: Collection, wanted: Wanted): MissingDocument[] {
  if (collection.listedAtMs === null) return [];
  const undownloaded = missingVersions(collection, wanted).flatMap((version) => {
    const cause = missingCause(version, collection);
    const { report, format } = version.document;
    return cause ? [{ type: report.type.toLowerCase(), organization: report.organization, format, ...cause }] : [];
  });
  const absent = findAbsentReports([...collection.listed, ...collection.others], wanted);
  const isListDenied = collection.refused && !hasListedReports(collection);
  const detail = accessDenialDetail(collection);
  return [
    ...undownloaded,
    ...(isListDenied ? absent.map((entry) => ({ ...entry, detail })) : absent),
    ...unreachedReports(collection, wanted),
  ];
}

type MissingCause = Pick<MissingDocument, 'reason' | 'detail'>;

/** Null: the document is still to be downloaded. */
function missingCause({ failure, mark }: MissingVersion, collection: Collection): MissingCause | null {
  if (failure) return { reason: failure.reason, detail: failure.detail.slice(0, MAX_DETAIL_LENGTH) };
  if (mark === 'not-offered') return { reason: 'not-offered', detail: NOT_OFFERED_DETAIL };
  if (mark === 'failed') return { reason: 'failed', detail: 'download failed' };
  if (collection.refused) return { reason: 'failed', detail: accessDenialDetail(collection) };
  if (isAtDocumentLimit(collection))
    return { reason: 'failed', detail: 'more documents than Chartway collects for one applicant' };
  return null;
}

function accessDenialDetail({ refusedDespite }: Collection): string {
  return `Human API denied access to the reports${refusedDespite === null ? '' : `, although ${refusedDespite}`}`;
}

function unreachedReports({ left: count }: Collection, wanted: Wanted): MissingDocument[] {
  // An entry needs a type and a format: the first wanted ones stand for all.
  const [[type, [format]] = ['', []]] = Object.entries(wanted);
  if (count === 0 || format === undefined) return [];
  return [
    { type, organization: null, format, reason: 'failed', detail: `${count} more listed reports were not reached` },
  ];
}

function limitEntries(missing: readonly MissingDocument[]): MissingDocument[] {
  if (missing.length <= MAX_ENTRIES) return [...missing];
  const rank = ({ reason }: MissingDocument) => (ORDER.includes(reason) ? ORDER.indexOf(reason) : ORDER.length);
  const sorted = [...missing].sort((a, b) => rank(a) - rank(b));
  const rest = new Map<string, { entry: MissingDocument; count: number }>();
  for (const entry of sorted.slice(MAX_ENTRIES)) {
    const key = `${entry.type} ${entry.format} ${entry.reason}`;
    rest.set(key, { entry, count: (rest.get(key)?.count ?? 0) + 1 });
  }
  const counted = [...rest.values()].map(({ entry: { type, format, reason }, count }) => ({
    type,
    organization: null,
    format,
    reason,
    detail: `and ${count} more`,
  }));
  return [...sorted.slice(0, MAX_ENTRIES), ...counted];
}
