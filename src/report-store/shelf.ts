import { isClientUserId } from '../domain/identifiers';
import { InvalidShelfName } from './errors';

/**
 * Our files that are not in an applicant's folder: lists of a sweep, notices in quarantine, holds, journals of erasures. They are in the
 * folder `.chartway/`; no clientUserId begins with a dot. A name has 1 to 4 parts of letters, digits, ".", "_", "~" or "-" that begin with a letter or digit,
 * separated by "/".
 */
export interface Shelf {
  /** Writes the whole file or nothing; replaces a file of this name. @throws InvalidShelfName */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Reads, changes and writes a file under a lock, for any number of writers. `change` gets the bytes, null without a file, and returns the next ones;
   * it is called again if another writer came between. `remove` through this method never loses against a concurrent update.
   * @throws InvalidShelfName; StoreUnavailable where the lock was not free in time
   */
  update(name: string, change: ShelfChange): Promise<void>;
  /** Null if the file does not exist. @throws InvalidShelfName */
  get(name: string): Promise<Buffer | null>;
  /** The names that begin with `prefix` (such as `quarantine/`), sorted; '' lists all. @throws InvalidShelfName */
  list(prefix: string): Promise<readonly string[]>;
  /** Whether there was one; of several concurrent calls only one returns true. @throws InvalidShelfName */
  remove(name: string): Promise<boolean>;
}

export type ShelfChange = (
  bytes: Buffer | null,
) => Uint8Array | 'keep' | 'remove' | Promise<Uint8Array | 'keep' | 'remove'>;

/** The shelf's folder in the store. */
export const SHELF_FOLDER = '.chartway';
/** The store's identity in that folder (decision 0027). Not a file of the shelf. */
export const IDENTITY_FILE = 'store.json';

const MAX_PARTS = 4;
/** No dot first: the name cannot lead out of the shelf and is not hidden. Every file system and S3 accept 200 of these characters. */
const PART = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$/;

/** Returns the name itself. @throws InvalidShelfName, which does not quote it */
export function checkShelfName(name: string): string {
  const parts = name.split('/');
  if (name !== IDENTITY_FILE && parts.length <= MAX_PARTS && parts.every((part) => PART.test(part))) return name;
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

/** One JSON file per applicant: `<folder>/<clientUserId>.json`. A file that is not a JSON object is read as one without fields. */
export function openApplicantShelf<T>(
  shelf: Shelf,
  folder: string,
  parse: (clientUserId: string, fields: Readonly<Record<string, unknown>>) => T,
) {
  const nameOf = (clientUserId: string) => `${folder}/${clientUserId}.json`;
  return {
    /** Null without a file. */
    async read(clientUserId: string): Promise<T | null> {
      const bytes = await shelf.get(nameOf(clientUserId));
      return bytes && parse(clientUserId, parseFields(bytes));
    },
    write: (clientUserId: string, value: object) =>
      shelf.put(nameOf(clientUserId), Buffer.from(`${JSON.stringify(value)}\n`)),
    remove: (clientUserId: string) => shelf.remove(nameOf(clientUserId)),
    /** The clientUserIds with a file, sorted. */
    async list(): Promise<readonly string[]> {
      const names = await shelf.list(`${folder}/`);
      return names.map((name) => name.slice(folder.length + 1, -'.json'.length)).filter(isClientUserId);
    },
  };
}

function parseFields(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(bytes.toString()) ?? {};
  } catch {
    return {};
  }
}
