import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createDocumentCheck } from './document-check';
import { type ApplicantFolder, publish } from './folder-documents';
import { rewriteUnderLock } from './folder-lock';
import { createFolderShelf } from './folder-shelf';
import { incomingName, receive, sweep } from './incoming';
import { applicantFolder, MANIFEST } from './layout';
import { mergeManifest } from './manifest';
import { manifestText, parseManifest } from './manifest-file';
import type { Manifest, ReportStore } from './port';
import { isCode, makeFolder, PRIVATE_FILE } from './private-folders';

/** What killed processes leave is small and harmless: often enough. */
const SWEEP_EVERY_MS = 3_600_000;

/** The report store in a folder of a local or shared file system; its folders are made when first needed. */
export function createFolderStore(root: string): ReportStore {
  const base = resolve(root);
  const incoming = join(base, '.incoming');
  let sweptAtMs = Number.NEGATIVE_INFINITY;

  const folderOf = (clientUserId: string): ApplicantFolder => {
    const path = join(base, applicantFolder(clientUserId));
    return { path, incoming, manifest: () => readManifest(path, clientUserId) };
  };

  async function sweepNowAndThen(): Promise<void> {
    if (performance.now() - sweptAtMs < SWEEP_EVERY_MS) return;
    sweptAtMs = performance.now();
    // Somebody else's left-over must not stop an applicant; check() does tell of it.
    await sweep(incoming).catch(() => undefined);
  }

  return {
    shelf: createFolderShelf(base, incoming),

    async save(document, body) {
      const received = await receive(incoming, body, createDocumentCheck(document));
      try {
        return await publish(folderOf(document.clientUserId), document, received);
      } finally {
        await rm(received.path, { force: true });
      }
    },

    async readManifest(clientUserId) {
      return folderOf(clientUserId).manifest();
    },

    async updateManifest(change) {
      await makeFolder(incoming);
      await sweepNowAndThen();
      return updateManifest(folderOf(change.clientUserId), change);
    },

    async check() {
      await makeFolder(incoming);
      await sweep(incoming);
      const probe = join(incoming, incomingName());
      await writeFile(probe, '', { mode: PRIVATE_FILE, flag: 'wx' });
      await rm(probe);
    },
  };
}

async function readManifest(path: string, clientUserId: string): Promise<Manifest | null> {
  try {
    return parseManifest(clientUserId, await readFile(join(path, MANIFEST), 'utf8'));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function updateManifest(
  folder: ApplicantFolder,
  change: Parameters<ReportStore['updateManifest']>[0],
): Promise<Manifest> {
  await makeFolder(folder.path);
  let written: Manifest | null = null;
  await rewriteUnderLock({ path: join(folder.path, MANIFEST), incoming: folder.incoming }, async () => {
    written = mergeManifest(await folder.manifest(), change);
    return manifestText(written);
  });
  if (!written) throw new TypeError('a manifest was written without having been merged');
  return written;
}
