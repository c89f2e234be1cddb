/** The bytes are not the document they claim to be (length, `%PDF`..`%%EOF`, JSON, emptiness). Nothing was stored. */
export class NotTheDocument extends Error {
  override readonly name = 'NotTheDocument';
}

/** The manifest or the claim of a folder names another clientUserId: a case-insensitive file system mixed two applicants. */
export class WrongFolder extends Error {
  override readonly name = 'WrongFolder';

  /** `what`: what was expected, and what the folder has. */
  constructor(what: string) {
    super(
      `${what}. The file system ignores case in names: use a case-sensitive one, or ids that differ in more than case`,
    );
  }
}

/** A manifest that cannot be parsed as one. It is never overwritten. The message names file and fields and quotes no content. */
export class UnreadableManifest extends Error {
  override readonly name = 'UnreadableManifest';
}

/** The disk failed: it is full, broken or read-only, or too many files are open. Nothing incomplete is visible; the same call can be repeated. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

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
  }
}

/** No such document, or one that the manifest does not list. */
export class NoSuchDocument extends Error {
  override readonly name = 'NoSuchDocument';
}

/** The bytes are not those that the manifest lists, or cannot be decrypted: altered, truncated, moved or partly restored. */
export class AlteredDocument extends Error {
  override readonly name = 'AlteredDocument';
}

/** Encrypted bytes that cannot be decrypted: altered, truncated, or of another place. The message quotes none of them. */
export class NotDecrypted extends Error {
  override readonly name = 'NotDecrypted';
}

/** A symbolic link in the store. It may lead anywhere, so it is neither read nor written. */
export class LinkInStore extends Error {
  override readonly name = 'LinkInStore';
}

/** A name that could lead out of the shelf, or that some stores cannot keep. */
export class InvalidShelfName extends Error {
  override readonly name = 'InvalidShelfName';
}
