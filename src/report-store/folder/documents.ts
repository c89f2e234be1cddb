import { createHash } from 'node:crypto';
import { rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { moveIfAbsent, moveIntoPlace } from '../../disk/atomic-file';
import { isCode, nullIfAbsent } from '../../disk/folders';
import { parseInstantMs } from '../../domain/instants';
import type { StoredDocument } from '../../domain/reports';
import { provenContentType } from '../document/content-type';
import { AlteredDocument } from '../errors';
import { documentFile } from '../layout';
import type { DocumentToStore } from '../port';
import type { ApplicantFiles } from './applicant-files';
import type { Draft } from './drafts';
import { makeStoreFolder, rejectLinks, syncFolders } from './store-folders';

/**
 * Moves a draft to its final name and returns its entry. A stored file is never changed (decision 0045): if the name has the same bytes, because an
 * activity ran twice, their entry is returned; if it has other bytes, the draft gets a name with its digest. Only a file that does not match the
 * digest in its own name is replaced: it is damaged.
 */
export async function publishDocument(
  files: ApplicantFiles,
  document: DocumentToStore,
  draft: Draft,
): Promise<StoredDocument> {
  const newest = await withLaterSeenAt(files, document, draft);
  if (newest) return newest;
  let file = '';
  for (const digest of [undefined, draft.sha256]) {
    file = documentFile(document.report, document.format, digest);
    if (await moveToFreeName(files, draft, file)) return toEntry(document, file, draft);
    const stored = await inspectFile(files, file);
    if (stored?.sha256 !== draft.sha256) continue;
    await syncFolders(files.base, dirname(files.pathOf(file))); // the attempt that stored it may have crashed before this
    return toEntry(document, file, stored);
  }
  await moveIntoPlace(draft.path, files.pathOf(file));
  return toEntry(document, file, draft);
}

/** The entry of `newest` with a later `seenAt`, if the draft has its bytes under a later version; otherwise null. */
async function withLaterSeenAt(
  files: ApplicantFiles,
  { newest, report }: DocumentToStore,
  draft: Draft,
): Promise<StoredDocument | null> {
  if (newest?.sha256 !== draft.sha256) return null;
  const updatedAtMs = parseInstantMs(report.updatedAt);
  const knownMs = [newest.updatedAt, newest.seenAt].map((text) => parseInstantMs(text) ?? 0);
  if (updatedAtMs === null || updatedAtMs <= Math.max(...knownMs)) return null;
  // A file that was removed by hand is stored again.
  const isStored = (await nullIfAbsent(stat(files.pathOf(newest.file)))) !== null;
  return isStored ? { ...newest, seenAt: report.updatedAt } : null;
}

/** False if the name is taken. @throws ENOENT where the draft was revoked */
async function moveToFreeName(files: ApplicantFiles, draft: Draft, file: string): Promise<boolean> {
  const path = files.pathOf(file);
  await rejectLinks(files.base, dirname(path));
  try {
    return await moveIfAbsent(draft.path, path); // mostly the folder exists
  } catch (error) {
    if (!isCode(error, 'ENOENT') || !(await nullIfAbsent(stat(draft.path)))) throw error;
  }
  await makeStoreFolder(files.base, dirname(path));
  try {
    return await moveIfAbsent(draft.path, path);
  } catch (error) {
    await removeEmptyFolders(files, dirname(path));
    throw error;
  }
}

/** Removes the folders made for a draft that was revoked meanwhile: an erased applicant leaves no folder. */
async function removeEmptyFolders({ base }: ApplicantFiles, folder: string): Promise<void> {
  try {
    for (let at = folder; at.length > base.length; at = dirname(at)) await rmdir(at);
  } catch {
    // Already removed, or not empty.
  }
}

type StoredBytes = Omit<Draft, 'path'>;

function toEntry(document: DocumentToStore, file: string, stored: StoredBytes): StoredDocument {
  const { report, format } = document;
  const { sha256, bytes, encrypted, changedAt } = stored;
  return {
    file,
    type: report.type.toLowerCase(),
    organization: report.organization && { id: report.organization.id, name: report.organization.name },
    format,
    reportId: report.id,
    updatedAt: report.updatedAt,
    seenAt: null,
    sha256,
    bytes,
    contentType: provenContentType(document),
    storedAt: changedAt.toISOString(),
    superseded: false,
    round: document.round ?? 1,
    ...(encrypted && { encrypted }),
  };
}

/** Null without a file, or if its bytes can never be decrypted. */
async function inspectFile(files: ApplicantFiles, file: string): Promise<StoredBytes | null> {
  try {
    const opened = await files.open(file);
    if (opened === null) return null;
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const piece of opened.clear) {
        hash.update(piece);
        bytes += piece.byteLength;
      }
      return { sha256: hash.digest('hex'), bytes, encrypted: opened.encrypted, changedAt: opened.changedAt };
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof AlteredDocument) return null;
    throw error;
  }
}
