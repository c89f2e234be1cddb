import { type FileHandle, mkdir, open, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Only the user of the process can read it. */
export const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Creates a folder and its missing parents (0700) and syncs them. Returns the created folders, deepest first. @throws ENOTDIR where a file is;
 * the system's error
 */
export async function makePrivateFolder(path: string): Promise<readonly string[]> {
  const created = await createFolders(path);
  try {
    for (const each of created) await syncFolder(dirname(each));
  } catch (error) {
    // A folder that exists counts as synced, so the next attempt must create it again.
    for (const each of created) await rmdir(each).catch(() => undefined);
    throw error;
  }
  return created;
}

/** The codes of file systems that cannot sync a folder: SMB, DrvFs, FUSE. For a file, these codes are failures. */
const CANNOT_SYNC_CODES = 'EINVAL ENOTSUP EOPNOTSUPP ENOSYS EPERM EACCES EIO ENOTTY ENOENT EBADF EISDIR'.split(' ');
/** The codes of file systems that cannot even open a folder. */
const CANNOT_OPEN_CODES = ['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES', 'EISDIR'];

export const UNSYNCED_FOLDER =
  'the file system cannot sync folders: the newest files may be missing after a power cut; see docs/troubleshooting.md';

let isWarned = false;
let warn = (code: string) => process.emitWarning(`${UNSYNCED_FOLDER} (${code})`);

/** Sets the listener of the warning that folders cannot be synced, which occurs once per process. By default Node prints it. */
export function onUnsyncedFolder(listener: (code: string) => void): void {
  warn = listener;
}

/**
 * Syncs the names in a folder: otherwise a power cut can undo a new or renamed file. If the file system cannot do it, warns and does not fail.
 * @throws the system's error
 */
export async function syncFolder(path: string): Promise<void> {
  const code = await trySync(path);
  if (code === null || isWarned) return;
  isWarned = true;
  warn(code);
}

/** Null if the folder is synced, or the code of a file system that cannot do it. */
async function trySync(path: string): Promise<string | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (isCode(error, ...CANNOT_OPEN_CODES) && (await isFolder(path))) return codeOf(error);
    throw error;
  }
  try {
    await handle.sync();
    return null;
  } catch (error) {
    if (isCode(error, ...CANNOT_SYNC_CODES)) return codeOf(error);
    throw error;
  } finally {
    // Nothing was written through the handle, so an error on closing it loses nothing.
    await handle.close().catch(() => undefined);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}

/** True for a file system's error with one of these codes. */
export function isCode(error: unknown, ...codes: string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
}

/** The result of a call; null if the file or a folder above it does not exist, or the call fails with one of `otherCodes`. */
export async function nullIfAbsent<T>(call: Promise<T>, ...otherCodes: string[]): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', ...otherCodes)) return null;
    throw error;
  }
}

/** Node's own `recursive` never returns in a folder that allows no new folder, such as /proc. */
async function createFolders(path: string): Promise<readonly string[]> {
  const first = await createFolder(path);
  if (first !== 'no parent') return first === 'created' ? [path] : [];
  const parent = dirname(path);
  const created = parent === path ? [] : await createFolders(parent);
  const second = await createFolder(path);
  if (second === 'no parent') throw systemError('ENOENT', 'could not create a folder');
  return second === 'created' ? [path, ...created] : created;
}

async function createFolder(path: string): Promise<'created' | 'exists' | 'no parent'> {
  try {
    await mkdir(path, { mode: PRIVATE_FOLDER });
    return 'created';
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'no parent';
    const existing = await stat(path).catch(() => null);
    if (existing?.isDirectory() === true) return 'exists';
    if (existing !== null) throw systemError('ENOTDIR', 'expected a folder, found a file');
    throw error;
  }
}

/** An error with the two fields by which our code recognizes errors of the system. */
function systemError(code: string, text: string): Error {
  return Object.assign(new Error(text), { code, syscall: 'mkdir' });
}
