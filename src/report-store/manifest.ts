import { parseInstantMs, versionMs } from '../domain/instants';
import { groupProviders, matchesProvider, organizationKey, type Provider } from '../domain/providers';
import { credibleDateMs } from '../domain/reads';
import { isFromCurrentDetails, isPerProvider, type MissingDocument, type StoredDocument } from '../domain/reports';
import type { Manifest, ManifestChange, RefreshChange, WithdrawalChange } from './port';

/** The sha256 of what lies under a file's name; null for what cannot be read. */
export type Placed = ReadonlyMap<string, string | null>;

/**
 * What a manifest says after a change. `placed` has the {@link contestedFiles}: what lies there is true, whatever time two clocks gave it.
 * @throws Error for a refresh of what is not there
 */
export function mergeManifest(
  before: Manifest | null,
  change: ManifestChange | RefreshChange | WithdrawalChange,
  placed: Placed = new Map(),
): Manifest {
  return withoutRead('kind' in change ? afterClosing(before, change, placed) : afterRound(before, change, placed));
}

function afterClosing(before: Manifest | null, change: RefreshChange | WithdrawalChange, placed: Placed): Manifest {
  return change.kind === 'refresh' ? afterRefresh(before, change, placed) : afterWithdrawal(before, change);
}

/** An entry that could not be read is over once its file was stored again and has one that can. */
function withoutRead({ unread, ...manifest }: Manifest): Manifest {
  if (!unread) return manifest;
  const files = new Set<unknown>(manifest.documents.map(({ file }) => file));
  const documents = unread.documents.filter((entry) => !files.has((entry as { file?: unknown } | null)?.file));
  const isEmpty = documents.length + unread.missing.length === 0;
  return isEmpty ? manifest : { ...manifest, unread: { ...unread, documents } };
}

/** The files that a change gives other bytes than the manifest does. */
export function contestedFiles(
  before: Manifest | null,
  change: ManifestChange | RefreshChange | WithdrawalChange,
): readonly string[] {
  const known = new Map(before?.documents.map(({ file, sha256 }) => [file, sha256]));
  const added = 'documents' in change ? change.documents : [];
  return added.flatMap(({ file, sha256 }) => (known.has(file) && known.get(file) !== sha256 ? [file] : []));
}

/** A change by the applicant's own run: how the run stands is its newest write's to say, documents only ever join. */
function afterRound(before: Manifest | null, change: ManifestChange, placed: Placed): Manifest {
  const isNewer = before === null || isNewerChange(change, before);
  const detailsRound = Math.max(isNewer ? (change.detailsRound ?? 1) : 1, before?.detailsRound ?? 1);
  const documents = mergeDocuments(before?.documents ?? [], change.documents, { detailsRound, placed });
  if (!isNewer) return { ...before, documents };
  const openedAt = change.openedAt ?? before?.openedAt ?? null;
  return {
    clientUserId: change.clientUserId,
    humanId: change.humanId ?? before?.humanId ?? null,
    outcome: change.outcome,
    reason: change.reason,
    wanted: change.wanted,
    detailsDigest: change.detailsDigest ?? before?.detailsDigest ?? null,
    openedAt,
    closedAt: change.closedAt,
    // Of an earlier round: this one was not refreshed yet.
    refreshedAt: before && before.openedAt === openedAt ? before.refreshedAt : null,
    documents,
    missing: stillMissing(change, documents),
    round: change.round ?? before?.round ?? 1,
    detailsRound,
    revision: change.revision ?? 0,
    // What is missing is all the run's to say; what was stored is not.
    ...(before?.unread && { unread: { ...before.unread, missing: [] } }),
  };
}

/** A write that was held up, or that is repeated, is not: it must not undo what was written since. One of 0.1.0 counts until a later version wrote. */
function isNewerChange({ round, revision }: ManifestChange, before: Manifest): boolean {
  if (round === undefined || revision === undefined) return before.revision === 0;
  return round === before.round ? revision > before.revision : round > before.round;
}

/** A refresh only adds. Of a round that is not the one it began with it knows nothing, but its files lie there, so they are told of. */
function afterRefresh(before: Manifest | null, change: RefreshChange, placed: Placed): Manifest {
  if (!before) throw new Error(`${change.clientUserId}: expected the manifest that the refresh began with, it is gone`);
  const documents = mergeDocuments(before.documents, change.documents, { ...before, placed });
  if (before.outcome === null || before.closedAt !== change.closedAt) return { ...before, documents };
  return {
    ...before,
    refreshedAt: at(before.refreshedAt) > at(change.refreshedAt) ? before.refreshedAt : change.refreshedAt,
    documents,
    missing: withoutArrived(before.missing, documents, change.missing),
  };
}

function withoutArrived(
  entries: readonly MissingDocument[],
  documents: readonly StoredDocument[],
  missing: readonly MissingDocument[],
): readonly MissingDocument[] {
  const isAtPlaceOf = placeMatcher([...documents, ...entries, ...missing]);
  return entries.filter((entry) => {
    // "No such report of any provider" is over with the first provider's.
    const isOf = (other: DocumentPlace) =>
      entry.organization === null ? isSameKind(other, entry) : isAtPlaceOf(entry, other);
    return !documents.some(isOf) || missing.some((other) => isAtPlaceOf(entry, other));
  });
}

function afterWithdrawal(before: Manifest | null, change: WithdrawalChange): Manifest {
  if (before && before.outcome !== null) return before;
  const { clientUserId, humanId, closedAt, wanted } = change;
  const fresh = { wanted, detailsDigest: null, openedAt: null, refreshedAt: null, documents: [], missing: [] };
  return {
    ...{ ...fresh, round: 1, detailsRound: 1, revision: 0 },
    ...before,
    clientUserId,
    humanId: before?.humanId ?? humanId,
    outcome: 'cancelled',
    reason: 'operator',
    closedAt,
    revision: (before?.revision ?? 0) + 1,
  };
}

/** Both lists as one: by file name, `superseded` computed anew (true for all rounds before `detailsRound`), in the order of the names. None ever vanishes. */
export function mergeDocuments(
  before: readonly StoredDocument[],
  added: readonly StoredDocument[],
  { detailsRound = 1, placed = new Map() }: { readonly detailsRound?: number; readonly placed?: Placed } = {},
): readonly StoredDocument[] {
  const byFile = new Map<string, StoredDocument>();
  for (const document of [...before, ...added]) {
    const known = byFile.get(document.file);
    byFile.set(document.file, known ? mergedEntry(known, document, placed) : document);
  }
  const all = [...byFile.values()];
  const current = currentFiles(all.filter((document) => isFromCurrentDetails(document, detailsRound)));
  return all
    .map((document) => ({ round: 1, ...document, superseded: !current.has(document.file) }))
    .sort((a, b) => compare(a.file, b.file));
}

/** Of two entries for one file: the same bytes were stored when they first were, and seen when last seen; of different bytes, those that lie there. */
function mergedEntry(known: StoredDocument, other: StoredDocument, placed: Placed): StoredDocument {
  if (known.sha256 !== other.sha256) return placed.get(known.file) === known.sha256 ? known : other;
  const inOrder = at(known.storedAt) <= at(other.storedAt);
  const first = inOrder ? known : other;
  const round = Math.max(known.round ?? 1, other.round ?? 1);
  return { ...first, round, seenAt: at(other.seenAt) > at(known.seenAt) ? other.seenAt : known.seenAt };
}

/** The files that hold the newest version of each report in each format. */
function currentFiles(documents: Iterable<StoredDocument>): Set<string> {
  const newest = new Map<string, StoredDocument>();
  for (const document of documents) {
    const key = `${document.format} ${document.reportId}`;
    const known = newest.get(key);
    if (!known || isNewer(document, known)) newest.set(key, document);
  }
  return new Set([...newest.values()].map(({ file }) => file));
}

function isNewer(a: StoredDocument, b: StoredDocument): boolean {
  // One version in two places (a provider that was renamed): the later bytes; the name only makes the order the same everywhere.
  const order = newestMs(a) - newestMs(b) || at(a.storedAt) - at(b.storedAt) || compare(a.file, b.file);
  return order > 0;
}

/** A file counts as the newest version that turned out to be its bytes. A version dated far after it was stored would hide every later one. */
function newestMs({ updatedAt, seenAt, storedAt }: StoredDocument): number {
  const versionAtMs = credibleDateMs(versionMs(updatedAt, storedAt), at(storedAt)) ?? at(storedAt);
  return Math.max(versionAtMs, at(seenAt));
}

/**
 * What the run misses, without what has arrived since by another way. A `failed` entry stays beside a document that the run itself knows:
 * that one is then an older version, or another report of the same kind.
 */
function stillMissing(change: ManifestChange, documents: readonly StoredDocument[]): readonly MissingDocument[] {
  const known = new Set(change.documents.map(({ file }) => file));
  const current = documents.filter(({ superseded }) => !superseded);
  const unknown = change.onlyNewDocuments ? [] : current.filter(({ file }) => !known.has(file));
  const isAtPlaceOf = placeMatcher([...documents, ...change.missing]);
  return change.missing
    .filter((entry) => {
      const candidates = entry.reason === 'failed' ? unknown : current;
      return !candidates.some((document) => isAtPlaceOf(entry, document));
    })
    .sort((a, b) => compare(sortKey(a), sortKey(b)));
}

/** Where a document belongs, or an entry about one that is missing. */
type DocumentPlace = Pick<StoredDocument, 'type' | 'organization' | 'format'>;

/** Whether something lies where an entry says that something is missing, however either names its provider. */
function placeMatcher(all: readonly DocumentPlace[]): (entry: DocumentPlace, other: DocumentPlace) => boolean {
  const providers = groupProviders(all.map(({ organization }) => organization));
  const [sole, another] = providers;
  return (entry, other) => {
    if (!isSameKind(entry, other)) return false;
    if (entry.organization && other.organization) {
      const { organization } = entry;
      return providers.some((provider) => matchesProvider(provider, organization) && isOf(provider, other));
    }
    // Without an organization, a report that comes once per provider is the sole provider's.
    const isSole = sole !== undefined && another === undefined && isPerProvider(entry.type.toLowerCase());
    return isSole || entry.organization === other.organization;
  };
}

function isOf(provider: Provider, { organization }: DocumentPlace): boolean {
  return organization !== null && matchesProvider(provider, organization);
}

function isSameKind(a: DocumentPlace, b: DocumentPlace): boolean {
  return a.format === b.format && a.type.toLowerCase() === b.type.toLowerCase();
}

function placeOf({ type, organization, format }: DocumentPlace): string {
  return JSON.stringify([type.toLowerCase(), organization && organizationKey(organization), format]);
}

function sortKey(entry: MissingDocument): string {
  return `${placeOf(entry)} ${entry.reason} ${entry.detail}`;
}

/** The epoch where upstream told no date, as file names have it. */
function at(text: string | null): number {
  return parseInstantMs(text) ?? 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
