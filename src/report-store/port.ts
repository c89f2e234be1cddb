import type { Cipher } from '../domain/encryption';
import type { Outcome, Reason } from '../domain/outcome';
import type { Format, ListedReport, MissingDocument, StoredDocument, Wanted } from '../domain/reports';
import type { Shelf } from './shelf';

/** `<clientUserId>/manifest.json`: always true of what lies beside it. Times are ISO 8601 in UTC. */
export interface Manifest {
  readonly clientUserId: string;
  readonly humanId: string | null;
  /** Null while the applicant is open. */
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  readonly wanted: Wanted;
  /** Keyed hash of the normalised details: tells the same details from others without telling them. */
  readonly detailsDigest: string | null;
  readonly openedAt: string | null;
  readonly closedAt: string | null;
  readonly refreshedAt: string | null;
  readonly documents: readonly StoredDocument[];
  readonly missing: readonly MissingDocument[];
  /** Which round this is, 1 for the first; `--again` begins another. */
  readonly round: number;
  /** The round in which the present details were first used; documents of earlier ones are superseded. */
  readonly detailsRound: number;
  /** Counts the writes of the applicant's own runs; 0 where 0.1.0 wrote last. A late writer is known by a lower one. */
  readonly revision: number;
  /** Only where there are any: entries that this version cannot read. They count as nothing, and every write keeps them as they are. */
  readonly unread?: UnreadEntries;
}

/** Entries of a manifest as they lie in its file: of a later version, or changed by hand. */
export interface UnreadEntries {
  readonly documents: readonly unknown[];
  readonly missing: readonly unknown[];
}

/**
 * What a round of collecting, or the closing, says to a manifest; `documents` are merged by file name, never removed. One that is not newer than
 * the manifest, by round and revision, only adds its documents. A run of 0.1.0 gives none of the three.
 */
export type ManifestChange = Omit<Manifest, 'refreshedAt' | 'round' | 'detailsRound' | 'revision' | 'unread'> &
  Partial<Pick<Manifest, 'round' | 'detailsRound' | 'revision'>> & {
    /** The run has further documents, which the manifest has already. */
    readonly onlyNewDocuments?: true;
  };

/** What came after the closing at `closedAt`. How the applicant ended stays; where another round is open or has closed since, only the documents join. */
export interface RefreshChange {
  readonly kind: 'refresh';
  readonly clientUserId: string;
  readonly closedAt: string | null;
  readonly refreshedAt: string;
  readonly documents: readonly StoredDocument[];
  /** What the refresh itself could not have: it keeps an entry of `missing` that one of several reports of its kind would have removed. */
  readonly missing: readonly MissingDocument[];
}

/** The person was withdrawn by hand: the outcome `cancelled`, unless there is one already. */
export interface WithdrawalChange {
  readonly kind: 'withdrawal';
  readonly clientUserId: string;
  readonly humanId: string | null;
  readonly closedAt: string;
  /** Where there is no manifest yet. */
  readonly wanted: Wanted;
}

/** A document about to be stored. */
export interface DocumentToStore {
  readonly clientUserId: string;
  readonly report: ListedReport;
  readonly format: Format;
  readonly contentType: string;
  /** The applicant's round; not given: the first. */
  readonly round?: number;
  /** Bytes announced by upstream, null where it did not say. */
  readonly contentLength: number | null;
  /** The newest version stored so far: the same bytes again add no file. */
  readonly newest: StoredDocument | null;
}

/** The bytes are not the document they claim to be (length, `%PDF`..`%%EOF`, JSON, emptiness); nothing was stored. */
export class NotTheDocument extends Error {
  override readonly name = 'NotTheDocument';
}

/** A folder whose manifest or claim names another clientUserId: a case-insensitive file system mixed two applicants. */
export class WrongFolder extends Error {
  override readonly name = 'WrongFolder';

  /** `what`: what was expected and what came. */
  constructor(what: string) {
    super(
      `${what}. The file system does not tell their folders apart: use a case-sensitive one, or ids that differ in more than case`,
    );
  }
}

/** A manifest that is there and cannot be read as one, entries apart: it is never overwritten. The message names file and fields, and quotes nothing. */
export class UnreadableManifest extends Error {
  override readonly name = 'UnreadableManifest';
}

/** The disk refused: it is full, broken or read-only, or too many files are open. Nothing half is visible, and the same call again goes on. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  /** As errno and the system call have it: `ENOSPC`, `write`. */
  constructor(
    readonly code: string,
    call: string,
    message = `the report store failed (${code} at ${call})`,
  ) {
    super(message);
  }
}

/**
 * The folder has no identity, or another store's: a disk that is not mounted looks like an empty store. Nothing is read from it, written to it or
 * concluded from it. The message says what to do.
 */
export class StoreNotFound extends StoreUnavailable {
  constructor(message: string) {
    super('STORE_NOT_FOUND', 'open', message);
  }
}

/** What tells one report store from another, and from none: `.chartway/store.json`. */
export interface StoreIdentity {
  /** 32 hex digits of chance. */
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** No such document, or none that the manifest lists. */
export class NoSuchDocument extends Error {
  override readonly name = 'NoSuchDocument';
}

/** The bytes are not those that the manifest tells of, or cannot be opened: altered, cut, moved or half restored. */
export class AlteredDocument extends Error {
  override readonly name = 'AlteredDocument';
}

/** How files are kept from whoever gets at the disk. */
export interface AtRest {
  /** Opens what is encrypted; null where no keys are set. */
  readonly seal: Cipher | null;
  /** Whether what is written from now on is encrypted; it needs the seal. What lies there tells by itself, and both kinds are read. */
  readonly encrypts: boolean;
}

/**
 * Where reports and manifests live. Any number of processes may use one store at once. Every call but `init` and `adopt` throws
 * {@link StoreNotFound} where the store has no identity or is another one: "not there" is never "nothing stored".
 */
export interface ReportStore {
  /** @throws StoreNotFound; StoreUnavailable */
  identity(): Promise<StoreIdentity>;
  /** Makes a new store, or returns the identity of the one that is there. @throws StoreNotFound where another one is expected; StoreUnavailable */
  init(): Promise<StoreIdentity>;
  /**
   * Gives a store of 0.1.0 its identity: one that has none and holds at least one manifest that can be read. Null for any other, an empty one
   * above all. @throws StoreUnavailable
   */
  adopt(): Promise<StoreIdentity | null>;
  /**
   * Makes the place of an applicant theirs, before anyone is invited: where capitals do not count in names, the second of `POL-9` and `pol-9` is
   * refused. Harmless to repeat; it is no file of the applicant's, and `erase` removes it. A store whose names always tell capitals apart, as S3's do,
   * does nothing. @throws WrongFolder; StoreUnavailable
   */
  claim(clientUserId: string): Promise<void>;
  /**
   * Streams, checks, hashes and stores one document; the final name appears only when all of it is on disk.
   * Returns the manifest's entry for it. Where the bytes equal `newest`, nothing is added and its entry comes back with a later `seenAt`.
   * @throws NotTheDocument for bytes that are not what they claim to be; WrongFolder; StoreUnavailable; whatever the stream throws
   */
  save(document: DocumentToStore, body: AsyncIterable<Uint8Array>): Promise<StoredDocument>;
  /**
   * The clear bytes of a document that the manifest lists, in pieces, or of `manifest.json` itself. Only a loop that ends well has seen what was
   * stored: size and sha256 are known at the end. @throws NoSuchDocument; AlteredDocument; UnknownKey; WrongFolder;
   * UnreadableManifest; StoreUnavailable
   */
  readDocument(clientUserId: string, file: string): AsyncGenerator<Uint8Array>;
  /** @throws WrongFolder; UnknownKey; StoreUnavailable; UnreadableManifest */
  readManifest(clientUserId: string): Promise<Manifest | null>;
  /**
   * Read, merge, write under a lock: correct with any number of writers. Returns what was written. `waitAtMostMs`: how long to wait for other
   * writers; a caller with a time-out gives less than that, so that nothing is written after it gave up.
   */
  updateManifest(
    change: ManifestChange | RefreshChange | WithdrawalChange,
    options?: { readonly waitAtMostMs?: number },
  ): Promise<Manifest>;
  /** Removes everything of an applicant, all versions; harmless to repeat. How many files there were. */
  erase(clientUserId: string): Promise<number>;
  /** Every clientUserId of whom something is stored, or whose place is claimed, sorted. */
  applicants(): Promise<readonly string[]>;
  /** Files of ours that belong to no applicant. */
  readonly shelf: Shelf;
  /** Fails where the store cannot be written: for readiness. */
  check(): Promise<void>;
}
