import { AlteredDocument } from '../errors';
import { MANIFEST } from '../layout';
import { mergeManifest } from '../manifest';
import { manifestText, parseManifest } from '../manifest-file';
import type { Manifest, ReportStore } from '../port';
import type { ApplicantFiles } from './applicant-files';
import { hasOwnClaim, removeClaim } from './claim';
import { revokeDrafts } from './drafts';
import { rewriteUnderLock } from './lock';
import { makeStoreFolder } from './store-folders';

type Change = Parameters<ReportStore['updateManifest']>[0];

/** As {@link ReportStore.readManifest}. */
export function readManifest(files: ApplicantFiles): Promise<Manifest | null> {
  return files.identity.readReliably(
    () => readManifestOnce(files),
    (manifest) => manifest === null,
  );
}

/** Reads it in a folder that may have no identity. @throws as {@link readManifest} */
export async function readManifestOnce(files: ApplicantFiles): Promise<Manifest | null> {
  const text = await files.readText(MANIFEST).catch((error: unknown) => {
    if (!(error instanceof AlteredDocument)) throw error;
    throw new AlteredDocument(`${files.clientUserId}/${MANIFEST}: ${error.message}`);
  });
  if (text !== null) return parseManifest(files.clientUserId, text);
  await hasOwnClaim(files);
  return null;
}

/** The first field of every manifest that we wrote. */
const OWNER = /^\{\s*"clientUserId": "([^"]*)"/;

/** Checks the owner of a folder without reading all of a manifest that lists many documents. @throws as {@link readManifest} */
export async function expectOwnFolder(files: ApplicantFiles): Promise<void> {
  const head = await files.readText(MANIFEST, { onlyFirstPiece: true }).catch((error: unknown) => {
    if (error instanceof AlteredDocument) return ''; // reported by readManifest
    throw error;
  });
  if (OWNER.exec(head ?? '')?.[1] !== files.clientUserId) await readManifest(files);
}

export async function updateManifest(
  files: ApplicantFiles,
  change: Change,
  waitAtMostMs: number | undefined,
): Promise<Manifest> {
  await makeStoreFolder(files.base, files.path);
  const file = { path: files.pathOf(MANIFEST), draftFolder: files.draftFolder, waitAtMostMs };
  let written: Manifest | null = null;
  let isFirst = false;
  await rewriteUnderLock(file, async () => {
    const before = await readManifest(files);
    isFirst = before === null;
    // The manifest of a closed applicant is complete, so no download may add a document.
    if (isClosing(change, before)) await revokeDrafts(files.draftFolder, files.clientUserId);
    written = mergeManifest(before, change);
    return files.encodeText(MANIFEST, manifestText(written));
  });
  if (!written) throw new TypeError('expected a merged manifest after it was written');
  if (isFirst) await removeClaim(files);
  return written;
}

/** A delayed closing of an earlier round does not affect the downloads of this one. */
function isClosing(change: Change, before: Manifest | null): boolean {
  if ('kind' in change) return change.kind === 'withdrawal';
  return change.outcome !== null && (change.round ?? 1) >= (before?.round ?? 1);
}
