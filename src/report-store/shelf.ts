import { InvalidShelfName } from './errors';

/**
 * Files of ours that belong to no applicant: lists of a sweep, notices in quarantine. They lie under `.chartway/` beside the applicants'
 * folders; no clientUserId begins with a dot. A name is a path of up to {@link DEEPEST} parts with "/" between them, see {@link isShelfName}.
 */
export interface Shelf {
  /** Writes the whole file or nothing, in place of one of this name. @throws InvalidShelfName */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Null where there is none. @throws InvalidShelfName */
  get(name: string): Promise<Buffer | null>;
  /** Every name that begins with `prefix` (such as `quarantine/`), sorted; '' lists all. @throws InvalidShelfName */
  list(prefix: string): Promise<readonly string[]>;
  /** Whether there was one: of several that remove the same file one hears true. @throws InvalidShelfName */
  remove(name: string): Promise<boolean>;
}

/** The shelf's folder within the store. */
export const SHELF_FOLDER = '.chartway';
/** The store's own file in that folder (decision 0027); no file of the shelf. */
export const IDENTITY_FILE = 'store.json';

/** A kind of list and a day, or a kind, a person and a notice: nobody needs more. */
const DEEPEST = 4;
/** No dot first: neither a way out nor a hidden file. Every file system and S3 take 200 of these letters. */
const PART = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$/;

/** Whether a file of the shelf may be called so: 1 to 4 parts of letters, digits, ".", "_", "~" or "-", each beginning with a letter or digit. */
export function isShelfName(name: string): boolean {
  const parts = name.split('/');
  return name !== IDENTITY_FILE && parts.length <= DEEPEST && parts.every((part) => PART.test(part));
}

/** The name itself. @throws InvalidShelfName, which quotes nothing */
export function checkedName(name: string): string {
  if (isShelfName(name)) return name;
  throw new InvalidShelfName(
    `expected 1 to ${DEEPEST} parts of letters, digits, ".", "_", "~" or "-" for a file of the shelf, got ${name.length} other characters`,
  );
}

/** The folder within the shelf in which everything that begins with `prefix` lies; '' for the shelf itself. @throws InvalidShelfName */
export function folderOfPrefix(prefix: string): string {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  const rest = prefix.slice(prefix.lastIndexOf('/') + 1);
  if (folder !== '') checkedName(folder);
  else if (prefix.startsWith('/')) checkedName(prefix);
  if (rest !== '') checkedName(rest);
  return folder;
}
