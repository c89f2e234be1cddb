import { InvalidShelfName } from './errors';

/**
 * Our files that belong to no applicant: lists of a sweep, notices in quarantine. They are in the folder `.chartway/`; no clientUserId
 * begins with a dot. A name has up to {@link MAX_PARTS} parts separated by "/", see {@link isShelfName}.
 */
export interface Shelf {
  /** Writes the whole file or nothing; replaces a file of this name. @throws InvalidShelfName */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Null if there is none. @throws InvalidShelfName */
  get(name: string): Promise<Buffer | null>;
  /** The names that begin with `prefix` (such as `quarantine/`), sorted; '' lists all. @throws InvalidShelfName */
  list(prefix: string): Promise<readonly string[]>;
  /** Whether there was one; of several concurrent calls only one returns true. @throws InvalidShelfName */
  remove(name: string): Promise<boolean>;
}

/** The shelf's folder in the store. */
export const SHELF_FOLDER = '.chartway';
/** The store's identity in that folder (decision 0027). Not a file of the shelf. */
export const IDENTITY_FILE = 'store.json';

const MAX_PARTS = 4;
/** No dot first: the name cannot lead out of the shelf and is not hidden. Every file system and S3 accept 200 of these characters. */
const PART = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$/;

/** Whether a file of the shelf may have this name: 1 to 4 parts of letters, digits, ".", "_", "~" or "-" that begin with a letter or digit. */
export function isShelfName(name: string): boolean {
  const parts = name.split('/');
  return name !== IDENTITY_FILE && parts.length <= MAX_PARTS && parts.every((part) => PART.test(part));
}

/** Returns the name itself. @throws InvalidShelfName, which does not quote it */
export function checkShelfName(name: string): string {
  if (isShelfName(name)) return name;
  throw new InvalidShelfName(
    `expected 1 to ${MAX_PARTS} parts of letters, digits, ".", "_", "~" or "-" for a file of the shelf, got ${name.length} other characters`,
  );
}

/** The folder in the shelf that has every file whose name begins with `prefix`; '' for the shelf itself. @throws InvalidShelfName */
export function folderOfPrefix(prefix: string): string {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  const rest = prefix.slice(prefix.lastIndexOf('/') + 1);
  if (folder !== '') checkShelfName(folder);
  else if (prefix.startsWith('/')) checkShelfName(prefix);
  if (rest !== '') checkShelfName(rest);
  return folder;
}
