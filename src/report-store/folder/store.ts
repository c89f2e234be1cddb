import { unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type FileEncryption, NO_ENCRYPTION } from '../../domain/encryption';
import { createDocumentCheck } from '../document/check';
import { documentFile } from '../layout';
import type { ReportStore } from '../port';
import { ApplicantFiles } from './applicant-files';
import { claimFolder } from './claim';
import { translateDiskErrors } from './disk-errors';
import { publishDocument } from './documents';
import { probeSpace, receiveDraft, removeStaleDrafts } from './drafts';
import { eraseFolder, listApplicants } from './erase';
import { createFolderIdentity } from './identity';
import { expectOwnFolder, readManifest, readManifestOnce, updateManifest } from './manifests';
import { readDocument } from './reader';
import { createFolderShelf } from './shelf-files';
import { makeStoreFolder } from './store-folders';

const REMOVE_STALE_EVERY_MS = 3_600_000;

/** A report store in a folder of a local or shared file system. Only `init` makes the folder itself; folders in it are made when needed. */
export function createFolderStore(
  root: string,
  encryption: FileEncryption = NO_ENCRYPTION,
  expectedId: string | null = null,
): ReportStore {
  const base = resolve(root);
  const draftFolder = join(base, '.incoming');
  const identity = createFolderIdentity(base, draftFolder, expectedId);
  let removedStaleAtMs = Number.NEGATIVE_INFINITY;

  const filesOf = (clientUserId: string) => new ApplicantFiles(base, draftFolder, clientUserId, encryption, identity);

  async function hasManifest(): Promise<boolean> {
    for (const clientUserId of await listApplicants(base)) {
      if (await readManifestOnce(filesOf(clientUserId)).catch(() => null)) return true;
    }
    return false;
  }

  async function removeStaleHourly(): Promise<void> {
    if (performance.now() - removedStaleAtMs < REMOVE_STALE_EVERY_MS) return;
    removedStaleAtMs = performance.now();
    // Another process's draft must not stop an applicant; check() reports the error.
    await removeStaleDrafts(draftFolder).catch(() => undefined);
  }

  return {
    shelf: createFolderShelf(base, draftFolder, identity),

    identity: identity.read,

    init: identity.init,

    identifyLegacy: async () => ((await translateDiskErrors(hasManifest)) ? identity.identifyLegacy() : null),

    async save(document, body) {
      const files = filesOf(document.clientUserId);
      await identity.read();
      const encryptor = files.encryptorFor(documentFile(document.report, document.format));
      const check = createDocumentCheck(document);
      const draft = await receiveDraft(draftFolder, document.clientUserId, body, check, encryptor);
      try {
        return await translateDiskErrors(async () => {
          await identity.read(); // the disk may have been unmounted during the download
          await expectOwnFolder(files);
          return publishDocument(files, document, draft);
        });
      } finally {
        await unlink(draft.path).catch(() => undefined); // mostly it was moved
      }
    },

    claim: (clientUserId) =>
      translateDiskErrors(async () => {
        await identity.read();
        const files = filesOf(clientUserId);
        await claimFolder(files);
        // Another applicant may have claimed the folder before and replaced its claim by a manifest since.
        await expectOwnFolder(files);
      }),

    readDocument: (clientUserId, file, { range } = {}) => readDocument(filesOf(clientUserId), file, range),

    readManifest: async (clientUserId) => readManifest(filesOf(clientUserId)),

    updateManifest: async (change, { waitAtMostMs } = {}) => {
      const files = filesOf(change.clientUserId);
      return translateDiskErrors(async () => {
        await identity.read();
        await makeStoreFolder(base, draftFolder);
        await removeStaleHourly();
        return updateManifest(files, change, waitAtMostMs);
      });
    },

    erase: (clientUserId) => {
      const erase = () => eraseFolder(base, draftFolder, clientUserId);
      return identity.readReliably(erase, (files) => files === 0);
    },

    applicants: () => {
      const list = () => listApplicants(base);
      return identity.readReliably(list, (all) => all.length === 0);
    },

    check: () =>
      translateDiskErrors(async () => {
        await identity.read();
        await makeStoreFolder(base, draftFolder);
        await probeSpace(draftFolder);
        await removeStaleDrafts(draftFolder);
      }),
  };
}
