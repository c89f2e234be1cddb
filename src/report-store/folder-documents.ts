import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { instantMs } from '../domain/instants';
import type { StoredDocument } from '../domain/reports';
import { provenContentType } from './document-check';
import { rewriteUnderLock } from './folder-lock';
import type { Received } from './incoming';
import { documentFile, MANIFEST } from './layout';
import { mergeDocuments } from './manifest';
import { manifestText } from './manifest-file';
import type { DocumentToStore, Manifest } from './port';
import { isCode, makeFolder, syncFolder } from './private-folders';

/** One applicant's part of a folder store. */
export interface ApplicantFolder {
  readonly path: string;
  /** Where everything lies until it is whole; the same file system. */
  readonly incoming: string;
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
  const path = join(folder.path, file);
  const there = await existing(path);
  if (there && there.sha256 === received.sha256) {
    const recorded = manifest?.documents.find((entry) => entry.file === file && entry.sha256 === there.sha256);
    return recorded ?? entryOf(document, received, file, there.changedAt);
  }
  const entry = entryOf(document, received, file, new Date());
  if (there) await replace(folder, entry, received);
  else await place(received, path);
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
  const there = await statOf(join(folder.path, newest.file));
  return there ? { ...newest, seenAt: report.updatedAt } : null;
}

async function place(received: Received, path: string): Promise<void> {
  // A folder that is there is the common case after the first document, and one that was just made needs its parents on the disk.
  await rename(received.path, path).catch(async (error) => {
    if (!isCode(error, 'ENOENT')) throw error;
    await makeFolder(dirname(path));
    await rename(received.path, path);
  });
  await syncFolder(dirname(path));
}

/** The same version with other bytes: the new ones lie there from now on, and the manifest, where it knows the file, says so at once. */
async function replace(folder: ApplicantFolder, entry: StoredDocument, received: Received): Promise<void> {
  await rewriteUnderLock({ path: join(folder.path, MANIFEST), incoming: folder.incoming }, async () => {
    const manifest = await folder.manifest();
    // Only once: the lock may be lost and taken again.
    if (await statOf(received.path)) await place(received, join(folder.path, entry.file));
    if (!manifest?.documents.some(({ file }) => file === entry.file)) return null;
    return manifestText({ ...manifest, documents: mergeDocuments(manifest.documents, [entry]) });
  });
}

function entryOf(document: DocumentToStore, received: Received, file: string, storedAt: Date): StoredDocument {
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
  };
}

async function existing(path: string): Promise<{ sha256: string; changedAt: Date } | null> {
  const stats = await statOf(path);
  if (!stats) return null;
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return { sha256: hash.digest('hex'), changedAt: stats.mtime };
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
