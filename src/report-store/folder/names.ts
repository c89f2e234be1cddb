import { link, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCode, syncFolder } from '../../disk/folders';
import type { StoredDocument } from '../../domain/reports';
import { MANIFEST } from '../layout';
import { mergeDocuments } from '../manifest';
import { manifestText } from '../manifest-file';
import type { ApplicantFiles, ApplicantFolder } from './applicant-files';
import { incomingName, type Received } from './drafts';
import { rewriteUnderLock, type Undo } from './lock';
import { expectNoLinks, makeFolder } from './no-links';

/** Gives whole bytes that are on the disk their final name, in place of what may lie there. */
export async function place(files: ApplicantFiles, received: Received, file: string): Promise<void> {
  const path = files.pathOf(file);
  await expectNoLinks(files.base, dirname(path));
  // A folder that is there is the common case after the first document, and one that was just made needs its parents on the disk.
  await rename(received.path, path).catch(async (error) => {
    if (!isCode(error, 'ENOENT') || !(await statOf(received.path))) throw error;
    await makeFolder(files.base, dirname(path));
    await rename(received.path, path).catch((late) => withoutEmpty(files, path, late));
  });
  await syncFolder(dirname(path));
}

/** Revoked right before it got its name: of who is erased not even folders are left. */
async function withoutEmpty({ base }: ApplicantFiles, path: string, error: unknown): Promise<never> {
  try {
    for (let at = dirname(path); at.length > base.length; at = dirname(at)) await rmdir(at);
  } catch {
    // Gone, or something else lies in it.
  }
  throw error;
}

/**
 * The same version with other bytes: the new ones lie there from now on, and the manifest, where it knows the file, says so at once. Two names
 * cannot be given in one step: what is left is a kill, or a disk that fails for good, between one and the other, and the next attempt mends that.
 */
export async function replace(folder: ApplicantFolder, entry: StoredDocument, received: Received): Promise<void> {
  const { files } = folder;
  const old = join(files.incoming, incomingName());
  const undo = () => rename(old, files.pathOf(entry.file)).catch(() => undefined);
  let placed = false;
  const swap = async (): Promise<Undo> => {
    // Only once: the lock may be lost and taken again.
    if (placed) return undo;
    // A file system without hard links has no way back.
    await link(files.pathOf(entry.file), old).catch(() => undefined);
    try {
      await place(files, received, entry.file);
      placed = true;
    } catch (error) {
      await undo();
      throw error;
    }
    return undo;
  };
  try {
    await record(folder, entry, swap);
  } finally {
    await rm(old, { force: true }).catch(() => undefined);
  }
}

/** Says in a manifest that knows an entry's file what lies there; `swap`, where given, puts it there in the same step. */
export async function record(
  { files, manifest }: ApplicantFolder,
  entry: StoredDocument,
  swap: () => Promise<Undo> = async () => async () => undefined,
): Promise<void> {
  await rewriteUnderLock(
    { path: files.pathOf(MANIFEST), incoming: files.incoming },
    async () => {
      const before = await manifest();
      if (before?.documents.some(({ file }) => file === entry.file)) {
        const placed = new Map([[entry.file, entry.sha256]]);
        const documents = mergeDocuments(before.documents, [entry], { ...before, placed });
        return files.written(MANIFEST, manifestText({ ...before, documents }));
      }
      await swap();
      return null;
    },
    swap,
  );
}

/** Null where there is nothing. */
export async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
