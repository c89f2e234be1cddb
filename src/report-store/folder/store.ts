import { rm, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PRIVATE_FILE } from '../../disk/folders';
import { createDocumentCheck } from '../document/check';
import { NotOpened } from '../envelope';
import { documentFile, MANIFEST } from '../layout';
import { contestedFiles, mergeManifest } from '../manifest';
import { manifestText, parseManifest } from '../manifest-file';
import type { AtRest, Manifest, ReportStore } from '../port';
import { ApplicantFiles, type ApplicantFolder } from './applicant-files';
import { claimFolder, expectOwnClaim, removeClaim } from './claim';
import { onDisk } from './disk-errors';
import { placedIn, publish } from './documents';
import { incomingName, receive, revoke, sweep } from './drafts';
import { applicantsIn, eraseFolder } from './erase';
import { createFolderIdentity } from './identity';
import { rewriteUnderLock } from './lock';
import { makeFolder } from './no-links';
import { readDocument } from './reader';
import { createFolderShelf } from './shelf-files';

/** What killed processes leave is small and harmless: often enough. */
const SWEEP_EVERY_MS = 3_600_000;

/** Nothing is encrypted. */
const IN_CLEAR: AtRest = { seal: null, encrypts: false };

/** The report store in a folder of a local or shared file system. `init` makes the folder, nothing else does; those within are made when first needed. */
export function createFolderStore(
  root: string,
  atRest: AtRest = IN_CLEAR,
  expectedId: string | null = null,
): ReportStore {
  const base = resolve(root);
  const incoming = join(base, '.incoming');
  const identity = createFolderIdentity(base, incoming, expectedId);
  let sweptAtMs = Number.NEGATIVE_INFINITY;

  const filesOf = (clientUserId: string) => new ApplicantFiles(base, incoming, clientUserId, atRest);
  const folderOf = (clientUserId: string): ApplicantFolder => {
    const files = filesOf(clientUserId);
    const isNone = (manifest: Manifest | null) => manifest === null;
    return { files, manifest: () => identity.certain(() => readManifest(files), isNone) };
  };

  async function holdsManifest(): Promise<boolean> {
    for (const clientUserId of await applicantsIn(base)) {
      if (await readManifest(filesOf(clientUserId)).catch(() => null)) return true;
    }
    return false;
  }

  async function sweepNowAndThen(): Promise<void> {
    if (performance.now() - sweptAtMs < SWEEP_EVERY_MS) return;
    sweptAtMs = performance.now();
    // Somebody else's left-over must not stop an applicant; check() does tell of it.
    await sweep(incoming).catch(() => undefined);
  }

  return {
    shelf: createFolderShelf(base, incoming, identity),

    identity: identity.read,

    init: identity.init,

    adopt: async () => ((await onDisk(holdsManifest)) ? identity.adopt() : null),

    async save(document, body) {
      const folder = folderOf(document.clientUserId);
      await identity.read();
      const sealing = folder.files.sealing(documentFile(document.report, document.format));
      const received = await receive(incoming, document.clientUserId, body, createDocumentCheck(document), sealing);
      try {
        return await onDisk(() => publish(folder, document, received));
      } finally {
        // Mostly it has got its name. Where the disk does not let go of it, the sweep does later.
        await unlink(received.path).catch(() => undefined);
      }
    },

    async claim(clientUserId) {
      await onDisk(async () => {
        await identity.read();
        const files = filesOf(clientUserId);
        await claimFolder(files);
        // Another's manifest may have taken the place of another's claim meanwhile.
        await readManifest(files);
      });
    },

    readDocument(clientUserId, file) {
      return readDocument(folderOf(clientUserId), file);
    },

    async readManifest(clientUserId) {
      return onDisk(folderOf(clientUserId).manifest);
    },

    async updateManifest(change, { waitAtMostMs } = {}) {
      const folder = folderOf(change.clientUserId);
      return onDisk(async () => {
        await identity.read();
        await makeFolder(base, incoming);
        await sweepNowAndThen();
        return updateManifest(folder, change, waitAtMostMs);
      });
    },

    erase: (clientUserId) =>
      onDisk(() =>
        identity.certain(
          () => eraseFolder(base, incoming, clientUserId),
          (files) => files === 0,
        ),
      ),

    applicants: () =>
      onDisk(() =>
        identity.certain(
          () => applicantsIn(base),
          (all) => all.length === 0,
        ),
      ),

    async check() {
      await onDisk(async () => {
        await identity.read();
        await makeFolder(base, incoming);
        await sweep(incoming);
        const probe = join(incoming, incomingName());
        await writeFile(probe, '', { mode: PRIVATE_FILE, flag: 'wx' });
        await rm(probe);
      });
    },
  };
}

async function readManifest(files: ApplicantFiles): Promise<Manifest | null> {
  const text = await files.text(MANIFEST).catch((error: unknown) => {
    if (!(error instanceof NotOpened)) throw error;
    throw new NotOpened(`${files.clientUserId}/${MANIFEST}: ${error.message}`);
  });
  if (text !== null) return parseManifest(files.clientUserId, text);
  await expectOwnClaim(files);
  return null;
}

async function updateManifest(
  { files, manifest }: ApplicantFolder,
  change: Parameters<ReportStore['updateManifest']>[0],
  waitAtMostMs: number | undefined,
): Promise<Manifest> {
  await makeFolder(files.base, files.path);
  let written: Manifest | null = null;
  let isFirst = false;
  const file = {
    path: files.pathOf(MANIFEST),
    incoming: files.incoming,
    ...(waitAtMostMs !== undefined && { waitAtMostMs }),
  };
  await rewriteUnderLock(file, async () => {
    const before = await manifest();
    isFirst = before === null;
    // What closes an applicant tells of all that is to come. A late closing of an earlier round says nothing about the downloads of this one.
    if (isClosing(change, before)) await revoke(files.incoming, files.clientUserId);
    // Bytes and manifest change together under this lock, so what lies there stays true of what is written here.
    const placed = await placedIn(files, contestedFiles(before, change));
    written = mergeManifest(before, change, placed);
    return files.written(MANIFEST, manifestText(written));
  });
  if (!written) throw new TypeError('a manifest was written without having been merged');
  if (isFirst) await removeClaim(files);
  return written;
}

function isClosing(change: Parameters<ReportStore['updateManifest']>[0], before: Manifest | null): boolean {
  if ('kind' in change) return change.kind === 'withdrawal';
  return change.outcome !== null && (change.round ?? 1) >= (before?.round ?? 1);
}
