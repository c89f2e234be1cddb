import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DocumentCheck } from './document-check';
import { isCode, makeFolder, PRIVATE_FILE } from './private-folders';

/** A whole document under a temporary name, checked and on disk. Whoever gets it renames or removes it. */
export interface Received {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** No download takes as long: what is older was left by a process that was killed. */
const LEFT_OVER_AFTER_MS = 24 * 3_600_000;

const NAME = /^[0-9a-f]{32}$/;

/** A fresh name that no final name looks like. */
export function incomingName(): string {
  return randomBytes(16).toString('hex');
}

/**
 * Streams a body into a file of the incoming folder. Everything happens within the loop over the body, so that whatever goes wrong closes it.
 * @throws NotTheDocument, whatever the body throws, or the file system's error; no file is left then
 */
export async function receive(
  folder: string,
  body: AsyncIterable<Uint8Array>,
  check: DocumentCheck,
): Promise<Received> {
  const path = join(folder, incomingName());
  const hash = createHash('sha256');
  let file: FileHandle | null = null;
  let bytes = 0;
  try {
    try {
      for await (const piece of body) {
        check.take(piece);
        file ??= await created(folder, path);
        hash.update(piece);
        bytes += piece.byteLength;
        await file.writeFile(piece);
      }
      check.finish();
      await file?.sync();
    } finally {
      await file?.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, sha256: hash.digest('hex'), bytes };
}

async function created(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', PRIVATE_FILE);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    await makeFolder(folder);
    return open(path, 'wx', PRIVATE_FILE);
  }
}

/** Removes what killed processes left behind. */
export async function sweep(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((each) => NAME.test(each))) {
    const path = join(folder, name);
    const left = await stat(path).catch(ifThere);
    if (left?.isFile() && Date.now() - left.mtimeMs > LEFT_OVER_AFTER_MS) await rm(path, { force: true });
  }
}

/** Another process may have renamed or swept it meanwhile. */
function ifThere(error: unknown): null {
  if (isCode(error, 'ENOENT')) return null;
  throw error;
}
