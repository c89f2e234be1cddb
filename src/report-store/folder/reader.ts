import { createHash } from 'node:crypto';
import type { StoredDocument } from '../../domain/reports';
import { AlteredDocument, InvalidRange, NoSuchDocument } from '../errors';
import { isDocumentFile, MANIFEST } from '../layout';
import type { ByteRange } from '../port';
import type { ApplicantFiles } from './applicant-files';
import { translateDiskErrors } from './disk-errors';
import { readManifest } from './manifests';

const ADVICE = 'Restore the folder from a backup';

/** As {@link ReportStore.readDocument}. */
export async function* readDocument(
  files: ApplicantFiles,
  file: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const manifest = await readManifest(files);
  const entry = manifest?.documents.find((document) => document.file === file) ?? null;
  // A manifest can be changed by hand, so its names are checked before they become paths.
  const isListed = file === MANIFEST ? manifest !== null : entry !== null && isDocumentFile(file);
  if (!isListed) throw new NoSuchDocument('expected the name of a document in manifest.json, got another name');
  yield* range ? readPart(files, file, entry, range) : readWhole(files, file, entry);
}

/** `entry` null: the manifest itself, which lists neither its own size nor its sha256. */
async function* readWhole(
  files: ApplicantFiles,
  file: string,
  entry: StoredDocument | null,
): AsyncGenerator<Uint8Array> {
  const opened = await expectFile(() => files.open(file));
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    let held: Uint8Array | null = null;
    for await (const piece of translatePieces(opened.clear)) {
      if (held) yield held;
      held = piece;
      hash.update(piece);
      bytes += piece.byteLength;
    }
    const isSame = entry === null || (entry.bytes === bytes && entry.sha256 === hash.digest('hex'));
    if (!isSame) throw altered('size or sha256');
    if (held) yield held;
  } finally {
    await opened.close();
  }
}

async function* readPart(
  files: ApplicantFiles,
  file: string,
  entry: StoredDocument | null,
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  const { start, end } = range;
  const isWithin = entry !== null && Number.isInteger(start) && Number.isInteger(end) && end < entry.bytes;
  if (!isWithin || start < 0 || start > end) {
    throw new InvalidRange(`expected a range within the ${entry?.bytes ?? 0} bytes of a document`);
  }
  const opened = await expectFile(() => files.openRange(file, range));
  try {
    if (entry.bytes !== opened.clearSize) throw altered('size');
    // A plain file in place of an encrypted one could have any bytes.
    if (entry.encrypted && !opened.encrypted) throw altered('encryption');
    yield* translatePieces(opened.clear);
  } finally {
    await opened.close();
  }
}

async function expectFile<T>(open: () => Promise<T | null>): Promise<T> {
  const opened = await translateDiskErrors(open);
  if (opened === null) throw new NoSuchDocument(`the manifest lists this file, but it does not exist. ${ADVICE}`);
  return opened;
}

async function* translatePieces(clear: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  for (;;) {
    const { done, value } = await translateDiskErrors(() => clear.next());
    if (done) return;
    yield value;
  }
}

function altered(what: string): AlteredDocument {
  return new AlteredDocument(`the file differs from the ${what} in the manifest. ${ADVICE}`);
}
