/** An error of the report store. Its message is for the operator: it has file names of the store, but no path outside of it and no content. */
export class StoreError extends Error {
  readonly kind = 'report-store';

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The bytes are not the document they claim to be (length, `%PDF`..`%%EOF`, JSON, emptiness). Nothing was stored. */
export class NotTheDocument extends StoreError {}

/** The manifest or the claim of a folder names another clientUserId: a case-insensitive file system mixed two applicants. */
export class WrongFolder extends StoreError {
  /** `what`: what was expected, and what the folder has. */
  constructor(what: string) {
    super(`${what}. The file system ignores case: use a case-sensitive one, or ids that do not differ in case only`);
  }
}

/** A manifest that cannot be parsed as one. It is never overwritten. The message names file and fields and quotes no content. */
export class UnreadableManifest extends StoreError {}

/** The disk failed: it is full, broken or read-only, or too many files are open. Nothing incomplete is visible; the same call can be repeated. */
export class StoreUnavailable extends StoreError {
  /** The errno and the system call: `ENOSPC`, `write`. */
  constructor(
    readonly code: string,
    call: string,
    message = `the report store failed (${code} at ${call})`,
  ) {
    super(message);
  }
}

/**
 * The folder has no identity, or that of another store: a disk that is not mounted looks like an empty store. Nothing is read from it or written
 * to it, and nothing is concluded from it. The message says what to do.
 */
export class StoreNotFound extends StoreUnavailable {
  constructor(message: string) {
    super('STORE_NOT_FOUND', 'open', message);
    // The failure type that histories and operators know.
    this.name = StoreUnavailable.name;
  }
}

/** No such document, or one that the manifest does not list. */
export class NoSuchDocument extends StoreError {}

/** The bytes are not those that the manifest lists, or cannot be decrypted: altered, truncated, moved or partly restored. */
export class AlteredDocument extends StoreError {}

/** A range that is not within the document, or of a file that has none. */
export class InvalidRange extends StoreError {}

/** A symbolic link in the store. It may lead anywhere, so it is neither read nor written. */
export class LinkInStore extends StoreError {}

/** A name that could lead out of the shelf, or that some stores cannot keep. */
export class InvalidShelfName extends StoreError {}
