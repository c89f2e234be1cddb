import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { parseInstantMs } from '../../domain/instants';
import type { StoredDocument } from '../../domain/reports';
import { provenContentType } from '../document/content-type';
import { NotOpened } from '../envelope';
import { documentFile } from '../layout';
import type { Placed } from '../manifest';
import type { DocumentToStore } from '../port';
import type { ApplicantFiles, ApplicantFolder } from './applicant-files';
import type { Received } from './drafts';
import { place, record, replace, statOf } from './names';
import { syncFolders } from './no-links';

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
    if (recorded) return { ...recorded, round: document.round ?? 1 };
    // Its name may have been the last that an attempt could do.
    await syncFolders(files.base, dirname(files.pathOf(file)));
    const entry = entryOf(document, received, file, there.changedAt, there.encrypted);
    // An attempt that came as far as the bytes left a manifest that is not true of them.
    if (manifest?.documents.some((other) => other.file === file)) await record(folder, entry);
    return entry;
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
  const updatedAtMs = parseInstantMs(report.updatedAt);
  const knownMs = [newest.updatedAt, newest.seenAt].map((text) => parseInstantMs(text) ?? 0);
  if (updatedAtMs === null || updatedAtMs <= Math.max(...knownMs)) return null;
  // The manifest is true of what lies beside it: a file that somebody removed is stored anew.
  const there = await statOf(folder.files.pathOf(newest.file));
  return there ? { ...newest, seenAt: report.updatedAt } : null;
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
    round: document.round ?? 1,
    ...(encrypted && { encrypted }),
  };
}

/** What lies under each name now. */
export async function placedIn(files: ApplicantFiles, names: readonly string[]): Promise<Placed> {
  const placed = new Map<string, string | null>();
  for (const name of names) placed.set(name, (await existing(files, name))?.sha256 ?? null);
  return placed;
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
