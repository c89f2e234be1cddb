import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCode, PRIVATE_FILE } from '../../disk/folders';
import type { FormatCheck } from '../document/format-check';
import type { Sealing } from '../envelope';
import { onDisk } from './disk-errors';
import { expectNoLinks, makeFolder } from './no-links';

/** A whole document under a temporary name, checked and on disk. Whoever gets it renames or removes it. */
export interface Received {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** No download takes as long: what is older was left by a process that was killed. */
const LEFT_OVER_AFTER_MS = 24 * 3_600_000;

const NAME = /^[0-9a-f]{32}$/;

/** Of a download's 32 hex digits: whose it is. The others are its own. */
const OWNER_DIGITS = 16;

/** A fresh name that no final name looks like. */
export function incomingName(): string {
  return randomBytes(16).toString('hex');
}

/**
 * Takes the downloads of an applicant that are under way the right to be published: their files go, so that the rename at the end of each
 * fails. An attempt may live on when nobody waits for it any more (its worker was taken for dead); it must not add to what was closed or erased.
 */
export async function revoke(folder: string, clientUserId: string): Promise<void> {
  const owner = ownerDigits(clientUserId);
  for (const name of (await readdir(folder)).filter((each) => NAME.test(each) && each.startsWith(owner))) {
    await rm(join(folder, name), { force: true });
  }
}

/** Not those of a draft of this applicant's manifest, which are a digest too. */
function ownerDigits(clientUserId: string): string {
  return createHash('sha256').update(`downloads of ${clientUserId}`).digest('hex').slice(0, OWNER_DIGITS);
}

/**
 * Streams a body into a file of the incoming folder, encrypted where there is a `sealing`; what is told of it is told of the clear bytes.
 * The file is there before the first byte is waited for: {@link revoke} finds it. Whatever goes wrong closes the body.
 * @throws NotTheDocument, whatever the body throws, or StoreUnavailable; no file is left then
 */
export async function receive(
  folder: string,
  clientUserId: string,
  body: AsyncIterable<Uint8Array>,
  check: FormatCheck,
  sealing: Sealing | null,
): Promise<Received> {
  const path = join(folder, ownerDigits(clientUserId) + incomingName().slice(OWNER_DIGITS));
  const pieces = body[Symbol.asyncIterator]();
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const to = await onDisk(() => created(folder, path));
    try {
      for await (const piece of { [Symbol.asyncIterator]: () => pieces }) {
        check.take(piece);
        hash.update(piece);
        bytes += piece.byteLength;
        const ready = sealing ? sealing.take(piece) : piece;
        if (ready.byteLength > 0) await onDisk(() => to.writeFile(ready));
      }
      check.finish();
      if (sealing) await onDisk(() => to.writeFile(sealing.finish()));
      // One that fails is not tried again on the same file: the system may have dropped the bytes and call the second a success.
      await onDisk(() => to.sync());
    } finally {
      await onDisk(() => to.close());
    }
  } catch (error) {
    // Where the disk lets go of nothing either, the sweep does later; what came first is what matters.
    await rm(path, { force: true }).catch(() => undefined);
    // The loop does it too, where it was come to.
    await pieces.return?.().catch(() => undefined);
    throw error;
  }
  return { path, sha256: hash.digest('hex'), bytes };
}

async function created(folder: string, path: string): Promise<FileHandle> {
  await expectNoLinks(dirname(folder), folder);
  try {
    return await open(path, 'wx', PRIVATE_FILE);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    await makeFolder(dirname(folder), folder);
    return open(path, 'wx', PRIVATE_FILE);
  }
}

/** Removes what killed processes left behind. */
export async function sweep(folder: string, leftOverAfterMs = LEFT_OVER_AFTER_MS): Promise<void> {
  for (const name of (await readdir(folder)).filter((each) => NAME.test(each))) {
    const path = join(folder, name);
    const left = await stat(path).catch(ifThere);
    if (left?.isFile() && Date.now() - left.mtimeMs > leftOverAfterMs) await rm(path, { force: true });
  }
}

/** Another process may have renamed or swept it meanwhile. */
function ifThere(error: unknown): null {
  if (isCode(error, 'ENOENT')) return null;
  throw error;
}
