import { type FileHandle, mkdir, open, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What we keep is for the user we run as. */
export const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Makes a folder and what is missing above it (0700), for good: a power cut does not take it away again. Gives those that it made, the deepest
 * first. @throws the system's error; ENOTDIR for a file
 */
export async function makePrivateFolder(path: string): Promise<readonly string[]> {
  const made = await makeFolders(path);
  try {
    for (const each of made) await syncFolder(dirname(each));
  } catch (error) {
    // Whoever finds a folder takes it to be on the disk: the next attempt makes it anew.
    for (const each of made) await rmdir(each).catch(() => undefined);
    throw error;
  }
  return made;
}

/** How file systems answer that do not know the call for a folder, or know it badly: SMB, DrvFs, FUSE. The same of a file is a failure. */
const NOT_FOR_FOLDERS = [
  ...['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EACCES', 'EIO', 'ENOTTY', 'ENOENT', 'EBADF', 'EISDIR'],
];
/** And when it is opened. */
const NOT_OPENED = ['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES', 'EISDIR'];

export const UNSYNCED_FOLDER =
  'the file system cannot put the names of a folder on the disk: after a power cut the newest files may be missing; see docs/troubleshooting.md';

let isWarned = false;
let warn = (code: string) => process.emitWarning(`${UNSYNCED_FOLDER} (${code})`);

/** Takes the warning that folders cannot be synced, which comes once in a process; by default Node prints it. */
export function onUnsyncedFolder(listener: (code: string) => void): void {
  warn = listener;
}

/**
 * Puts a folder's names on the disk: without it a file made or renamed can be forgotten by a power cut. A file system that refuses it would refuse it
 * for ever, so it costs a warning and no outage. @throws the system's error
 */
export async function syncFolder(path: string): Promise<void> {
  const refused = await refusedSync(path);
  if (refused === null || isWarned) return;
  isWarned = true;
  warn(refused);
}

/** The code with which a folder that is there was refused; null: it is on the disk. */
async function refusedSync(path: string): Promise<string | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (isCode(error, ...NOT_OPENED) && (await isFolder(path))) return codeOf(error);
    throw error;
  }
  try {
    await handle.sync();
    return null;
  } catch (error) {
    if (isCode(error, ...NOT_FOR_FOLDERS)) return codeOf(error);
    throw error;
  } finally {
    // Nothing was written by it.
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

/** The result of a call, or null where the file or a folder above it does not exist. */
export async function nullIfAbsent<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** One step after the other: Node's own `recursive` never comes back where a folder that is there lets nothing be made in it, as /proc does. */
async function makeFolders(path: string): Promise<readonly string[]> {
  const first = await make(path);
  if (first !== 'nothing above') return first === 'made' ? [path] : [];
  const above = dirname(path);
  const made = above === path ? [] : await makeFolders(above);
  const second = await make(path);
  if (second === 'nothing above') throw systemError('ENOENT', 'expected a folder to be made');
  return second === 'made' ? [path, ...made] : made;
}

async function make(path: string): Promise<'made' | 'there' | 'nothing above'> {
  try {
    await mkdir(path, { mode: PRIVATE_FOLDER });
    return 'made';
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'nothing above';
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory() === true) return 'there';
    if (there !== null) throw systemError('ENOTDIR', 'expected a folder, there is a file');
    throw error;
  }
}

/** As the system itself would tell it: by these two its errors are known. */
function systemError(code: string, text: string): Error {
  return Object.assign(new Error(text), { code, syscall: 'mkdir' });
}
