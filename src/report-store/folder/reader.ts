import { createHash } from 'node:crypto';
import { AlteredDocument, NoSuchDocument } from '../errors';
import { isDocumentFile, MANIFEST } from '../layout';
import type { ApplicantFiles } from './applicant-files';
import { translateDiskErrors } from './disk-errors';
import { readManifest } from './manifests';

const ADVICE = 'Restore the folder from a backup';

/** As {@link ReportStore.readDocument}. */
export async function* readDocument(files: ApplicantFiles, file: string): AsyncGenerator<Uint8Array> {
  const manifest = await readManifest(files);
  const entry = manifest?.documents.find((document) => document.file === file) ?? null;
  // A manifest can be changed by hand, so its names are checked before they become paths.
  const isListed = file === MANIFEST ? manifest !== null : entry !== null && isDocumentFile(file);
  if (!isListed) throw new NoSuchDocument('expected the name of a document in manifest.json, got another name');
  const opened = await translateDiskErrors(() => files.open(file));
  if (opened === null) throw new NoSuchDocument(`the manifest lists this file, but it does not exist. ${ADVICE}`);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for (;;) {
      const { done, value } = await translateDiskErrors(() => opened.clear.next());
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
