import { createHash } from 'node:crypto';
import { link, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { instantMs } from '../domain/instants';
import type { StoredDocument } from '../domain/reports';
import type { ApplicantFiles } from './applicant-files';
import { provenContentType } from './document-check';
import { NotOpened } from './envelope';
import { rewriteUnderLock } from './folder-lock';
import { incomingName, type Received } from './incoming';
import { documentFile, MANIFEST } from './layout';
import { mergeDocuments } from './manifest';
import { manifestText } from './manifest-file';
import type { DocumentToStore, Manifest } from './port';
import { expectNoLinks, isCode, makeFolder, syncFolder, syncFolders } from './private-folders';

/** An applicant's folder, and what is written of it. */
export interface ApplicantFolder {
  readonly files: ApplicantFiles;
  manifest(): Promise<Manifest | null>;
}

/**
 * Gives a received document its final name and returns its entry. The bytes of the newest version add no file; an activity that ran twice
 * finds its file there and gets the same entry.
 * @throws WrongFolder
 */
export async function publish(
  folder: ApplicantFolder,
  document: DocumentToStore,
  received: Received,
): Promise<StoredDocument> {
  const manifest = await folder.manifest();
  const seenAgain = await newestSeenAgain(folder, document, received);
  if (seenAgain) return seenAgain;

  const file = documentFile(document.report, document.format);
  const { files } = folder;
  const there = await existing(files, file);
  if (there && there.sha256 === received.sha256) {
    const recorded = manifest?.documents.find((entry) => entry.file === file && entry.sha256 === there.sha256);
    if (recorded) return recorded;
    // Its name may have been the last that an attempt could do.
    await syncFolders(files.base, dirname(files.pathOf(file)));
    return entryOf(document, received, file, there.changedAt, there.encrypted);
  }
  const entry = entryOf(document, received, file, new Date(), files.encrypts);
  if (there) await replace(folder, entry, received);
  else await place(files, received, file);
  return entry;
}

/** The newest version's entry with a later `seenAt`, where a later version has its bytes; null for bytes, or a version, of their own. */
async function newestSeenAgain(
  folder: ApplicantFolder,
  { newest, report }: DocumentToStore,
  received: Received,
): Promise<StoredDocument | null> {
  if (newest?.sha256 !== received.sha256) return null;
  const updatedAtMs = instantMs(report.updatedAt);
  const knownMs = [newest.updatedAt, newest.seenAt].map((text) => instantMs(text) ?? 0);
  if (updatedAtMs === null || updatedAtMs <= Math.max(...knownMs)) return null;
  // The manifest is true of what lies beside it: a file that somebody removed is stored anew.
  const there = await statOf(folder.files.pathOf(newest.file));
  return there ? { ...newest, seenAt: report.updatedAt } : null;
}

async function place(files: ApplicantFiles, received: Received, file: string): Promise<void> {
  const path = files.pathOf(file);
  await expectNoLinks(files.base, dirname(path));
  // A folder that is there is the common case after the first document, and one that was just made needs its parents on the disk.
  await rename(received.path, path).catch(async (error) => {
    if (!isCode(error, 'ENOENT')) throw error;
    await makeFolder(files.base, dirname(path));
    await rename(received.path, path);
  });
  await syncFolder(dirname(path));
}

/**
 * The same version with other bytes: the new ones lie there from now on, and the manifest, where it knows the file, says so at once. Two names
 * cannot be given in one step: what is left is a kill, or a failing disk, between one and the other, and the next attempt mends that.
 */
async function replace({ files, manifest }: ApplicantFolder, entry: StoredDocument, received: Received): Promise<void> {
  const path = files.pathOf(entry.file);
  const old = join(files.incoming, incomingName());
  const undo = () => rename(old, path).catch(() => undefined);
  const swap = async () => {
    // Only once: the lock may be lost and taken again.
    if (!(await statOf(received.path))) return undo;
    // A file system without hard links has no way back.
    await link(path, old).catch(() => undefined);
    try {
      await place(files, received, entry.file);
    } catch (error) {
      await undo();
      throw error;
    }
    return undo;
  };
  try {
    await rewriteUnderLock(
      { path: files.pathOf(MANIFEST), incoming: files.incoming },
      async () => {
        const before = await manifest();
        if (before?.documents.some(({ file }) => file === entry.file)) {
          const documents = mergeDocuments(before.documents, [entry]);
          return files.written(MANIFEST, manifestText({ ...before, documents }));
        }
        await swap();
        return null;
      },
      swap,
    );
  } finally {
    await rm(old, { force: true }).catch(() => undefined);
  }
}

function entryOf(
  document: DocumentToStore,
  received: Received,
  file: string,
  storedAt: Date,
  encrypted: boolean,
): StoredDocument {
  const { report, format } = document;
  return {
    file,
    type: report.type.toLowerCase(),
    organization: report.organization && { id: report.organization.id, name: report.organization.name },
    format,
    reportId: report.id,
    updatedAt: report.updatedAt,
    seenAt: null,
    sha256: received.sha256,
    bytes: received.bytes,
    contentType: provenContentType(document),
    storedAt: storedAt.toISOString(),
    superseded: false,
    ...(encrypted && { encrypted }),
  };
}

interface Existing {
  /** Null for bytes that can never be opened: whatever comes instead is better. */
  readonly sha256: string | null;
  readonly changedAt: Date;
  readonly encrypted: boolean;
}

async function existing(files: ApplicantFiles, file: string): Promise<Existing | null> {
  const unreadable = { sha256: null, changedAt: new Date(0), encrypted: true };
  const opened = await files.open(file).catch((error: unknown) => {
    if (error instanceof NotOpened) return unreadable;
    throw error;
  });
  if (opened === null || 'sha256' in opened) return opened;
  const { changedAt, encrypted } = opened;
  try {
    const hash = createHash('sha256');
    for await (const piece of opened.clear) hash.update(piece);
    return { sha256: hash.digest('hex'), changedAt, encrypted };
  } catch (error) {
    if (error instanceof NotOpened) return unreadable;
    throw error;
  } finally {
    await opened.close();
  }
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
