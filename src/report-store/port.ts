import type { ApplicantFailure } from '../domain/failure';
import type { Outcome, Reason } from '../domain/outcome';
import type { Format, ListedReport, MissingDocument, StoredDocument, Wanted } from '../domain/reports';
import type { Timeline, TimelineEntry } from '../domain/timeline';
import type { Shelf } from './shelf';

/** `<clientUserId>/manifest.json`. Times are ISO 8601 in UTC. */
export interface Manifest {
  readonly clientUserId: string;
  readonly humanId: string | null;
  /** Null while the applicant is open. */
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  readonly wanted: Wanted;
  /** Keyed hash of the normalised details, see keyed-digest.ts. */
  readonly detailsDigest: string | null;
  readonly openedAt: string | null;
  readonly closedAt: string | null;
  readonly refreshedAt: string | null;
  readonly documents: readonly StoredDocument[];
  readonly missing: readonly MissingDocument[];
  /** 1 for the first round; `--again` begins the next. */
  readonly round: number;
  /** The first round with the present details; documents of earlier rounds are superseded. */
  readonly detailsRound: number;
  /** Counts the writes by the applicant's runs, so that a delayed write has a lower one; 0 where 0.1.0 wrote last. */
  readonly revision: number;
  /** Of all rounds. Empty where 0.2.0 or an earlier version wrote. */
  readonly timeline: Timeline;
  /** The rounds before this one, oldest first; at most the last 100. */
  readonly rounds: readonly RoundRecord[];
  /** Why upstream refused the person or failed in this round. */
  readonly failure: ApplicantFailure | null;
  /** The carrier's own reference to the person's authorization, of this round. */
  readonly authorizationReference: string | null;
  /** When an operator withdrew the person of this round by hand. Then the applicant gets no more reports. */
  readonly withdrawnAt: string | null;
  /** Entries that this version cannot parse, if there are any. They are ignored, and every write keeps them. */
  readonly unread?: UnreadEntries;
}

/** How a round ended. `outcome` null: it was not finished when the next one began. */
export type RoundRecord = Pick<Manifest, 'round' | 'outcome' | 'reason' | 'openedAt' | 'closedAt'>;

/** Entries of a manifest as they are in its file: written by a later version, or changed by hand. */
export interface UnreadEntries {
  readonly documents: readonly unknown[];
  readonly missing: readonly unknown[];
}

/**
 * Written by a round or its closing. `documents` are merged by file, never removed. A change that is not newer than the manifest, by round and
 * revision, only adds its documents and its timeline. A run of 0.1.0 has no round, detailsRound or revision; one of 0.2.0 has no timeline, failure or
 * authorizationReference.
 */
export type ManifestChange = Pick<
  Manifest,
  | 'clientUserId'
  | 'humanId'
  | 'outcome'
  | 'reason'
  | 'wanted'
  | 'detailsDigest'
  | 'openedAt'
  | 'closedAt'
  | 'documents'
  | 'missing'
> &
  Partial<Pick<Manifest, 'round' | 'detailsRound' | 'revision' | 'failure' | 'authorizationReference'>> & {
    /** The entries since the last successful write of the run. An entry that the manifest has already is not added again. */
    readonly timeline?: readonly TimelineEntry[];
    /** How many entries the run dropped since its last successful write. */
    readonly omitted?: number;
    /** The run has more documents than these; the manifest lists them already. */
    readonly onlyNewDocuments?: true;
  };

/** Documents that arrived after the closing at `closedAt`. If another round has opened or closed since, only the documents are added. */
export interface RefreshChange {
  readonly kind: 'refresh';
  readonly clientUserId: string;
  readonly closedAt: string | null;
  readonly refreshedAt: string;
  readonly documents: readonly StoredDocument[];
  /** What the refresh itself failed to get; these entries of `missing` stay, although another report of their kind arrived. */
  readonly missing: readonly MissingDocument[];
}

/** An operator withdrew the person: the outcome becomes `cancelled`, unless there is one already. Either way the applicant gets no more reports. */
export interface WithdrawalChange {
  readonly kind: 'withdrawal';
  readonly clientUserId: string;
  readonly humanId: string | null;
  readonly closedAt: string;
  /** For a manifest that does not exist yet. */
  readonly wanted: Wanted;
}

/** A document to store. */
export interface DocumentToStore {
  readonly clientUserId: string;
  readonly report: ListedReport;
  readonly format: Format;
  readonly contentType: string;
  /** The applicant's round; 1 if missing. */
  readonly round?: number;
  /** Bytes announced by upstream; null if unknown. */
  readonly contentLength: number | null;
  /** The newest stored version; the same bytes are not stored again. */
  readonly newest: StoredDocument | null;
}

/** Positions of clear bytes; both ends are inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Distinguishes one report store from another, and from an empty folder: `.chartway/store.json`. */
export interface StoreIdentity {
  /** 32 random hex digits. */
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/**
 * Stores reports and manifests. Any number of processes can use one store. Every method except `init` and `identifyLegacy` throws StoreNotFound
 * where the store has no identity or another one, so an unmounted disk is never mistaken for an empty store. Every method throws
 * StoreUnavailable where the disk fails.
 */
export interface ReportStore {
  identity(): Promise<StoreIdentity>;
  /** Makes a new store, or returns the identity of an existing one. @throws StoreNotFound where another one is expected */
  init(): Promise<StoreIdentity>;
  /** Gives a store of 0.1.0 an identity: one without identity that has a readable manifest. Returns null for any other. */
  identifyLegacy(): Promise<StoreIdentity | null>;
  /**
   * Reserves an applicant's folder before the invitation. On a case-insensitive file system, the second of `POL-9` and `pol-9` is rejected.
   * Can be repeated; the first manifest and `erase` remove the claim. @throws WrongFolder
   */
  claim(clientUserId: string): Promise<void>;
  /**
   * Streams, checks, hashes and stores one document under its final name once all of it is on the disk. A stored file is never changed: other bytes
   * under the same version get a name of their own. Returns the entry for the manifest, which is not written. Where the bytes equal `newest`,
   * nothing is stored and its entry is returned with a later `seenAt`. @throws NotTheDocument; WrongFolder; any error of the stream
   */
  save(document: DocumentToStore, body: AsyncIterable<Uint8Array>): Promise<StoredDocument>;
  /**
   * The clear bytes of a document that the manifest lists, or of `manifest.json`, in pieces. The last piece comes only after size and sha256 are
   * verified, so no altered document is complete. With a `range` of a document, only its bytes are read: of an encrypted file each piece is verified, of
   * a plain one only the size of the file.
   * @throws NoSuchDocument; InvalidRange; AlteredDocument; KeyMissing; WrongFolder; UnreadableManifest
   */
  readDocument(
    clientUserId: string,
    file: string,
    options?: { readonly range?: ByteRange },
  ): AsyncGenerator<Uint8Array>;
  /** @throws WrongFolder; KeyMissing; UnreadableManifest; AlteredDocument */
  readManifest(clientUserId: string): Promise<Manifest | null>;
  /**
   * Reads, merges and writes under a lock, for any number of writers. Returns what was written. `waitAtMostMs`: how long to wait for other writers;
   * a caller with a timeout passes less than that, so that nothing is written after it gave up.
   */
  updateManifest(
    change: ManifestChange | RefreshChange | WithdrawalChange,
    options?: { readonly waitAtMostMs?: number },
  ): Promise<Manifest>;
  /** Removes all files of an applicant. Can be repeated. Returns the number of files. */
  erase(clientUserId: string): Promise<number>;
  /** Every clientUserId with a stored file or a claim, sorted. */
  applicants(): Promise<readonly string[]>;
  readonly shelf: Shelf;
  /** For readiness. @throws StoreUnavailable where the store cannot be written */
  check(): Promise<void>;
}
