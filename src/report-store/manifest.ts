import { parseInstantMs, versionMs } from '../domain/instants';
import { groupProviders, matchesProvider, organizationKey, type Provider } from '../domain/providers';
import { credibleDateMs } from '../domain/reads';
import { isFromCurrentDetails, isPerProvider, type MissingDocument, type StoredDocument } from '../domain/reports';
import { EMPTY_TIMELINE, type Timeline } from '../domain/timeline';
import { withoutDigest } from './layout';
import { mergeTimeline } from './manifest-timeline';
import type { Manifest, ManifestChange, RefreshChange, RoundRecord, WithdrawalChange } from './port';

/** A manifest must not grow without bound. */
const MAX_ROUNDS = 100;

/** The manifest after a change. @throws Error for a refresh without a manifest */
export function mergeManifest(
  before: Manifest | null,
  change: ManifestChange | RefreshChange | WithdrawalChange,
): Manifest {
  if (!('kind' in change)) return withoutReplaced(afterRound(before, change));
  return withoutReplaced(change.kind === 'refresh' ? afterRefresh(before, change) : afterWithdrawal(before, change));
}

/** Drops an unreadable entry once its file was stored again. */
function withoutReplaced({ unread, ...manifest }: Manifest): Manifest {
  if (!unread) return manifest;
  const files = new Set<unknown>(manifest.documents.map(({ file }) => file));
  const documents = unread.documents.filter((entry) => !files.has((entry as { file?: unknown } | null)?.file));
  const isEmpty = documents.length + unread.missing.length === 0;
  return isEmpty ? manifest : { ...manifest, unread: { ...unread, documents } };
}

/** A change by the applicant's own run. The newest write decides the state of the run; documents are only added. */
function afterRound(before: Manifest | null, change: ManifestChange): Manifest {
  const isNewer = before === null || isNewerChange(change, before);
  const detailsRound = Math.max(isNewer ? (change.detailsRound ?? 1) : 1, before?.detailsRound ?? 1);
  const documents = mergeDocuments(before?.documents ?? [], change.documents, detailsRound);
  if (!isNewer) return { ...before, documents, timeline: mergeTimeline(before.timeline, change.timeline ?? []) };
  // What the change does not know is that of the same round.
  const same = before && (change.round ?? before.round) === before.round ? before : null;
  const openedAt = change.openedAt ?? same?.openedAt ?? null;
  return {
    clientUserId: change.clientUserId,
    humanId: change.humanId ?? before?.humanId ?? null,
    outcome: change.outcome,
    reason: change.reason,
    wanted: change.wanted,
    detailsDigest: change.detailsDigest ?? before?.detailsDigest ?? null,
    openedAt,
    closedAt: change.closedAt,
    // That of an earlier round does not count.
    refreshedAt: before && before.openedAt === openedAt ? before.refreshedAt : null,
    documents,
    missing: remainingMissing(change, documents),
    round: change.round ?? before?.round ?? 1,
    detailsRound,
    revision: change.revision ?? 0,
    timeline: mergeTimeline(before?.timeline ?? EMPTY_TIMELINE, change.timeline ?? [], change.omitted),
    rounds: before && !same ? withRound(before) : (before?.rounds ?? []),
    failure: change.failure ?? same?.failure ?? null,
    authorizationReference: change.authorizationReference ?? same?.authorizationReference ?? null,
    withdrawnAt: same?.withdrawnAt ?? null,
    // The run lists everything that is missing, but not everything that was stored.
    ...(before?.unread && { unread: { ...before.unread, missing: [] } }),
  };
}

/** The rounds before the one that begins now. */
function withRound({ rounds, round, outcome, reason, openedAt, closedAt }: Manifest): readonly RoundRecord[] {
  return [...rounds, { round, outcome, reason, openedAt, closedAt }].slice(-MAX_ROUNDS);
}

/** A delayed or repeated write is not newer: it must not undo later ones. A write of 0.1.0 counts until a later version has written. */
function isNewerChange({ round, revision }: ManifestChange, before: Manifest): boolean {
  if (round === undefined || revision === undefined) return before.revision === 0;
  return round === before.round ? revision > before.revision : round > before.round;
}

/** If another round has begun or closed since, only the documents are added, because the refresh knows nothing of that round. */
function afterRefresh(before: Manifest | null, change: RefreshChange): Manifest {
  if (!before) throw new Error(`${change.clientUserId}: expected the manifest that the refresh began with, got none`);
  const documents = mergeDocuments(before.documents, change.documents, before.detailsRound);
  if (before.outcome === null || before.closedAt !== change.closedAt) return { ...before, documents };
  return {
    ...before,
    refreshedAt: toMs(before.refreshedAt) > toMs(change.refreshedAt) ? before.refreshedAt : change.refreshedAt,
    documents,
    missing: removeArrived(before.missing, documents, change.missing),
  };
}

function removeArrived(
  entries: readonly MissingDocument[],
  documents: readonly StoredDocument[],
  missing: readonly MissingDocument[],
): readonly MissingDocument[] {
  const isSameSlot = createSlotMatcher([...documents, ...entries, ...missing]);
  return entries.filter((entry) => {
    // "No report of any provider" ends with the first report of any provider.
    const isFilledBy = (other: DocumentSlot) =>
      entry.organization === null ? isSameKind(other, entry) : isSameSlot(entry, other);
    return !documents.some(isFilledBy) || missing.some((other) => isSameSlot(entry, other));
  });
}

/** A manifest with these fields, of an applicant without an outcome and without documents. The clientUserId comes first, because owner checks read only the head of the file. */
export function newManifest(clientUserId: string, fields: Partial<Manifest>): Manifest {
  return {
    clientUserId,
    humanId: null,
    outcome: null,
    reason: null,
    wanted: {},
    detailsDigest: null,
    openedAt: null,
    closedAt: null,
    refreshedAt: null,
    documents: [],
    missing: [],
    round: 1,
    detailsRound: 1,
    revision: 0,
    timeline: EMPTY_TIMELINE,
    rounds: [],
    failure: null,
    authorizationReference: null,
    withdrawnAt: null,
    ...fields,
  };
}

function afterWithdrawal(before: Manifest | null, change: WithdrawalChange): Manifest {
  const { clientUserId, humanId, closedAt, wanted } = change;
  const withdrawnAt = before?.withdrawnAt ?? closedAt;
  if (before && before.outcome !== null) return { ...before, withdrawnAt, timeline: withWithdrawal(before, change) };
  const base = before ?? newManifest(clientUserId, { humanId, wanted });
  const revision = base.revision + 1;
  const conclusion = { outcome: 'cancelled', reason: 'operator', closedAt, withdrawnAt } as const;
  return { ...base, humanId: base.humanId ?? humanId, ...conclusion, revision };
}

/** The first withdrawal after the closing becomes an entry, if a person was there. */
function withWithdrawal({ timeline, withdrawnAt }: Manifest, { humanId, closedAt }: WithdrawalChange): Timeline {
  if (withdrawnAt !== null || humanId === null) return timeline;
  return mergeTimeline(timeline, [{ atMs: toMs(closedAt), kind: 'withdrawn', source: 'operator' }]);
}

/** Both lists merged by file, sorted by file, with `superseded` computed again: true for all rounds before `detailsRound`. No file is lost. */
export function mergeDocuments(
  before: readonly StoredDocument[],
  added: readonly StoredDocument[],
  detailsRound = 1,
): readonly StoredDocument[] {
  const byFile = new Map<string, StoredDocument>();
  for (const document of [...before, ...added]) {
    const known = byFile.get(document.file);
    byFile.set(document.file, known ? mergeEntry(known, document) : document);
  }
  const all = [...byFile.values()];
  const current = currentFiles(all.filter((document) => isFromCurrentDetails(document, detailsRound)));
  return all
    .map((document) => ({ round: 1, ...document, superseded: !current.has(document.file) }))
    .sort((a, b) => compare(a.file, b.file));
}

/**
 * Merges two entries of one file. The same bytes keep the first `storedAt` and the last `seenAt`. Different bytes: the file was removed and stored
 * again, so the later entry counts.
 */
function mergeEntry(known: StoredDocument, other: StoredDocument): StoredDocument {
  const isKnownFirst = toMs(known.storedAt) <= toMs(other.storedAt);
  if (known.sha256 !== other.sha256) return isKnownFirst ? other : known;
  const first = isKnownFirst ? known : other;
  const round = Math.max(known.round ?? 1, other.round ?? 1);
  return { ...first, round, seenAt: toMs(other.seenAt) > toMs(known.seenAt) ? other.seenAt : known.seenAt };
}

/** The files with the newest version of each report in each format. */
function currentFiles(documents: Iterable<StoredDocument>): Set<string> {
  const newest = new Map<string, StoredDocument>();
  for (const document of documents) {
    const key = `${document.format} ${document.reportId}`;
    const known = newest.get(key);
    if (!known || isNewerDocument(document, known)) newest.set(key, document);
  }
  return new Set([...newest.values()].map(({ file }) => file));
}

/** One version can have two files: upstream changed its bytes, or renamed its provider. The one stored later is newer. */
function isNewerDocument(a: StoredDocument, b: StoredDocument): boolean {
  const order =
    versionTimeMs(a) - versionTimeMs(b) || toMs(a.storedAt) - toMs(b.storedAt) || compareNames(a.file, b.file);
  return order > 0;
}

/** A name with a digest is the newer one: it is given only if the other is taken. */
function compareNames(a: string, b: string): number {
  return compare(withoutDigest(a), withoutDigest(b)) || a.length - b.length;
}

/** The newest version whose bytes the file has. A version dated far after it was stored would hide all later ones, so it counts as of then. */
function versionTimeMs({ updatedAt, seenAt, storedAt }: StoredDocument): number {
  const storedAtMs = toMs(storedAt);
  return Math.max(credibleDateMs(versionMs(updatedAt, storedAt), storedAtMs) ?? storedAtMs, toMs(seenAt));
}

/**
 * The run's missing documents, without those that another writer stored. A `failed` entry stays although the run stored a document of that kind,
 * which is an older version or another report.
 */
function remainingMissing(change: ManifestChange, documents: readonly StoredDocument[]): readonly MissingDocument[] {
  const known = new Set(change.documents.map(({ file }) => file));
  const current = documents.filter(({ superseded }) => !superseded);
  const unknown = change.onlyNewDocuments ? [] : current.filter(({ file }) => !known.has(file));
  const isSameSlot = createSlotMatcher([...documents, ...change.missing]);
  return change.missing
    .filter((entry) => {
      const candidates = entry.reason === 'failed' ? unknown : current;
      return !candidates.some((document) => isSameSlot(entry, document));
    })
    .sort((a, b) => compare(sortKey(a), sortKey(b)));
}

/** What a stored or missing document is about. */
type DocumentSlot = Pick<StoredDocument, 'type' | 'organization' | 'format'>;

/** Returns whether a document fills the slot of an entry, although they may name the provider differently. `all` shows which names are one provider. */
function createSlotMatcher(all: readonly DocumentSlot[]): (entry: DocumentSlot, other: DocumentSlot) => boolean {
  const providers = groupProviders(all.map(({ organization }) => organization));
  const [only, another] = providers;
  return (entry, other) => {
    if (!isSameKind(entry, other)) return false;
    if (entry.organization && other.organization) {
      const { organization } = entry;
      return providers.some((provider) => matchesProvider(provider, organization) && isDocumentOf(provider, other));
    }
    // A report without an organization, of a type with one report a provider, is that of the only provider.
    const isOnlyProvider = only !== undefined && another === undefined && isPerProvider(entry.type.toLowerCase());
    return isOnlyProvider || entry.organization === other.organization;
  };
}

function isDocumentOf(provider: Provider, { organization }: DocumentSlot): boolean {
  return organization !== null && matchesProvider(provider, organization);
}

function isSameKind(a: DocumentSlot, b: DocumentSlot): boolean {
  return a.format === b.format && a.type.toLowerCase() === b.type.toLowerCase();
}

function sortKey({ type, organization, format, reason, detail }: MissingDocument): string {
  const slot = JSON.stringify([type.toLowerCase(), organization && organizationKey(organization), format]);
  return `${slot} ${reason} ${detail}`;
}

/** 0 for a missing date. */
function toMs(text: string | null): number {
  return parseInstantMs(text) ?? 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
