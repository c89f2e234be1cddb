import { createHash } from 'node:crypto';
import type { StoredDocument } from '../../domain/reports';
import { AlteredDocument, NoSuchDocument } from '../errors';
import { isDocumentFile, MANIFEST } from '../layout';
import type { ApplicantFiles } from './applicant-files';
import { inStoreErrors } from './disk-errors';
import type { ApplicantFolder } from './manifests';

const ADVICE = 'Restore the folder from a backup';

/** As {@link ReportStore.readDocument}. */
export async function* readDocument(folder: ApplicantFolder, file: string): AsyncGenerator<Uint8Array> {
  const manifest = await inStoreErrors(folder.readManifest);
  const entry = manifest?.documents.find((document) => document.file === file) ?? null;
  // A manifest can be changed by hand, so its names are checked before they become paths.
  const isListed = file === MANIFEST ? manifest !== null : entry !== null && isDocumentFile(file);
  if (!isListed) {
    throw new NoSuchDocument('expected the name of a document in manifest.json, got another name');
  }
  yield* readClearBytes(folder.files, file, entry);
}

async function* readClearBytes(files: ApplicantFiles, file: string, entry: StoredDocument | null) {
  const opened = await inStoreErrors(() => files.open(file));
  if (opened === null) throw new NoSuchDocument(`the manifest lists this file, but it does not exist. ${ADVICE}`);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for (;;) {
      const { done, value } = await inStoreErrors(() => opened.clear.next());
      if (done) break;
      hash.update(value);
      bytes += value.byteLength;
      yield value;
    }
    const isSame = entry === null || (entry.bytes === bytes && entry.sha256 === hash.digest('hex'));
    if (!isSame) throw new AlteredDocument(`the file differs from the size or sha256 in the manifest. ${ADVICE}`);
  } finally {
    await opened.close();
  }
}
