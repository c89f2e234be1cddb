import { createHash } from 'node:crypto';
import type { StoredDocument } from '../../domain/reports';
import { NotOpened } from '../envelope';
import { isDocumentFile, MANIFEST } from '../layout';
import { AlteredDocument, NoSuchDocument } from '../port';
import type { ApplicantFiles, ApplicantFolder } from './applicant-files';
import { onDisk } from './disk-errors';

const ADVICE = 'Restore the folder from a backup';

/** The clear bytes of a file that the manifest lists, or of the manifest. @throws as the port says */
export async function* readDocument(folder: ApplicantFolder, file: string): AsyncGenerator<Uint8Array> {
  const manifest = await onDisk(folder.manifest);
  const entry = manifest?.documents.find((document) => document.file === file) ?? null;
  // A manifest in clear can be changed by hand: its names are no paths before they were looked at.
  const known = file === MANIFEST ? manifest !== null : entry !== null && isDocumentFile(file);
  if (!known)
    throw new NoSuchDocument('expected a document that the manifest lists, got another name; manifest.json has them');
  try {
    yield* clearBytes(folder.files, file, entry);
  } catch (error) {
    if (error instanceof NotOpened) throw new AlteredDocument(error.message);
    throw error;
  }
}

async function* clearBytes(files: ApplicantFiles, file: string, entry: StoredDocument | null) {
  const opened = await onDisk(() => files.open(file));
  if (opened === null) throw new NoSuchDocument(`expected the file that the manifest lists, it is gone. ${ADVICE}`);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for (;;) {
      const { done, value } = await onDisk(() => opened.clear.next());
      if (done) break;
      hash.update(value);
      bytes += value.byteLength;
      yield value;
    }
    const same = entry === null || (entry.bytes === bytes && entry.sha256 === hash.digest('hex'));
    if (!same) throw new AlteredDocument(`expected the bytes that the manifest tells of, got others. ${ADVICE}`);
  } finally {
    await opened.close();
  }
}
