import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCode, nullIfAbsent, PRIVATE_FILE } from '../../disk/folders';
import type { FormatCheck } from '../document/format-check';
import type { Encryptor } from '../envelope';
import { translateDiskErrors } from './disk-errors';
import { makeStoreFolder, rejectLinks } from './store-folders';

/** A checked document under a temporary name, complete and synced. The caller moves or removes it. */
export interface Draft {
  readonly path: string;
  /** Of the clear bytes, as `bytes`. */
  readonly sha256: string;
  readonly bytes: number;
  readonly encrypted: boolean;
  /** By the clock of the file system, which all hosts share. */
  readonly changedAt: Date;
}

/** No download takes longer: an older draft belongs to a killed process. */
const STALE_AFTER_MS = 24 * 3_600_000;

const NAME = /^[0-9a-f]{32}$/;

/** The size of a small document. */
const PROBE_BYTES = 64 * 1024;

/** The first digits of a download's name identify its applicant; the others are random. */
const OWNER_DIGITS = 16;

/** 32 random hex digits: no final name looks like that. */
export function draftName(): string {
  return randomBytes(16).toString('hex');
}

/**
 * Removes the drafts of an applicant's downloads, so that none of them can be moved to its final name. An attempt can outlive its activity (Temporal
 * took its worker for dead); it must not add to an applicant that was closed or erased.
 */
export async function revokeDrafts(folder: string, clientUserId: string): Promise<void> {
  const owner = ownerDigits(clientUserId);
  for (const name of await readdir(folder)) {
    if (NAME.test(name) && name.startsWith(owner)) await rm(join(folder, name), { force: true });
  }
}

/** `downloads of` keeps these digits apart from those of the manifest's drafts (lock.ts). */
function ownerDigits(clientUserId: string): string {
  return createHash('sha256').update(`downloads of ${clientUserId}`).digest('hex').slice(0, OWNER_DIGITS);
}

/**
 * Streams a body into a draft, encrypted if there is an `encryptor`. The file exists before the first byte arrives, so that {@link revokeDrafts}
 * finds it. Any failure closes the body and removes the draft. @throws NotTheDocument; StoreUnavailable; any error of the body
 */
export async function receiveDraft(
  folder: string,
  clientUserId: string,
  body: AsyncIterable<Uint8Array>,
  check: FormatCheck,
  encryptor: Encryptor | null,
): Promise<Draft> {
  const path = join(folder, ownerDigits(clientUserId) + draftName().slice(OWNER_DIGITS));
  const pieces = body[Symbol.asyncIterator]();
  const hash = createHash('sha256');
  let bytes = 0;
  let changedAt: Date;
  try {
    const file = await translateDiskErrors(() => createDraft(folder, path));
    try {
      for await (const piece of { [Symbol.asyncIterator]: () => pieces }) {
        check.take(piece);
        hash.update(piece);
        bytes += piece.byteLength;
        const ready = encryptor ? encryptor.take(piece) : piece;
        if (ready.byteLength > 0) await translateDiskErrors(() => file.writeFile(ready));
      }
      check.finish();
      if (encryptor) await translateDiskErrors(() => file.writeFile(encryptor.finish()));
      // A failed sync must not be repeated: the system may have dropped the bytes and then report success.
      await translateDiskErrors(() => file.sync());
      changedAt = (await translateDiskErrors(() => file.stat())).mtime;
    } finally {
      await translateDiskErrors(() => file.close());
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined); // removeStaleDrafts removes what stays
    await pieces.return?.().catch(() => undefined); // the loop closes the body only if it was entered
    throw error;
  }
  return { path, sha256: hash.digest('hex'), bytes, encrypted: encryptor !== null, changedAt };
}

async function createDraft(folder: string, path: string): Promise<FileHandle> {
  await rejectLinks(dirname(folder), folder);
  try {
    return await open(path, 'wx', PRIVATE_FILE);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    await makeStoreFolder(dirname(folder), folder);
    return open(path, 'wx', PRIVATE_FILE);
  }
}

/** Removes the drafts of killed processes. */
export async function removeStaleDrafts(folder: string, staleAfterMs = STALE_AFTER_MS): Promise<void> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name));
  if (names.length === 0) return;
  const nowMs = await readFileSystemClock(folder);
  for (const name of names) {
    const path = join(folder, name);
    const stats = await nullIfAbsent(stat(path)); // another process may have moved or removed it
    if (stats?.isFile() && nowMs - stats.mtimeMs > staleAfterMs) await rm(path, { force: true });
  }
}

/** Writes and syncs a small file and removes it. Fails also on a full disk, which still accepts empty files. */
export async function probeSpace(folder: string): Promise<void> {
  const path = join(folder, draftName());
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    await file.writeFile(Buffer.alloc(PROBE_BYTES, 'x'));
    await file.sync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

/**
 * The clock that stamps the files of the store, in ms since 1970: the age of a file is measured with it, because hosts have different clocks. Writes
 * a file and removes it, so it fails where the store cannot be written.
 */
export async function readFileSystemClock(folder: string): Promise<number> {
  const probe = join(folder, draftName());
  try {
    await writeFile(probe, '', { mode: PRIVATE_FILE, flag: 'wx' });
    return (await stat(probe)).mtimeMs;
  } finally {
    await rm(probe, { force: true });
  }
}
