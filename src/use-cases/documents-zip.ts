import { PassThrough, Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { parseInstantMs } from '../domain/instants';
import type { StoredDocument } from '../domain/reports';
import { documentIdOf } from '../report-store/document-id';
import { MANIFEST } from '../report-store/layout';
import { newManifest } from '../report-store/manifest';
import { manifestText } from '../report-store/manifest-file';
import type { Manifest } from '../report-store/port';
import type { RecordOpening } from './document-openings';
import { readBytes, readKnownManifest, typeOf } from './documents';
import type { Actor, UseCaseDeps } from './use-cases';

/** The first date of the format. */
const FIRST_MS = Date.UTC(1980, 0, 2);
const PRIVATE_FILE = 0o100600;

/** Every document in it has a line in the audit log, and the download another. */
export async function openZip(
  deps: UseCaseDeps,
  recordOpening: RecordOpening,
  clientUserId: string,
  actor: Actor,
): Promise<AsyncIterable<Uint8Array>> {
  const { who, onBehalfOf } = actor;
  await deps.audit.record({ who, onBehalfOf, did: 'list', clientUserId, detail: 'documents.zip' });
  const manifest = (await readKnownManifest(deps, clientUserId)) ?? newManifest(clientUserId, {});
  const current = manifest.documents.filter(({ superseded }) => !superseded);
  await Promise.all(current.map((document) => recordOpening(clientUserId, document, actor)));
  return writeZip(deps.reportStore, manifest, current);
}

/** Reads one document at a time, as fast as the caller takes the bytes. A document that cannot be read or was altered ends the bytes with its error. */
async function* writeZip(
  reportStore: UseCaseDeps['reportStore'],
  manifest: Manifest,
  documents: readonly StoredDocument[],
): AsyncGenerator<Uint8Array> {
  const zip = new ZipFile();
  const output = zip.outputStream.pipe(new PassThrough());
  let open: Readable | null = null;
  const mtime = new Date(Math.max(FIRST_MS, ...manifest.documents.map(storedAtMs)));
  zip.addBuffer(Buffer.from(describeZip(manifest)), MANIFEST, { mtime, mode: PRIVATE_FILE });
  for (const document of documents) {
    const options = {
      size: document.bytes,
      mtime: new Date(storedAtMs(document)),
      mode: PRIVATE_FILE,
      // Not 0: readers of a stream cannot find the end of an entry that is not compressed.
      compressionLevel: document.format === 'pdf' ? 1 : 6,
    };
    zip.addReadStreamLazy(pathOf(document), options, (callback) => {
      open = Readable.from(readBytes(reportStore, manifest.clientUserId, document));
      open.on('error', (error) => output.destroy(error));
      callback(null, open);
    });
  }
  zip.on('error', (error) => output.destroy(error));
  zip.end();
  try {
    yield* output;
  } finally {
    output.destroy();
    (open as Readable | null)?.destroy();
  }
}

/** The manifest, with the id and the path in the ZIP file of each document; null for a superseded one. */
function describeZip(manifest: Manifest): string {
  const documents = manifest.documents.map((document) => ({
    ...document,
    documentId: documentIdOf(document.file),
    path: document.superseded ? null : pathOf(document),
  }));
  return manifestText({ ...manifest, documents });
}

/** Without the provider, unlike the manifest's `file`. */
function pathOf(document: StoredDocument): string {
  return `${typeOf(document)}/${documentIdOf(document.file)}.${document.format}`;
}

function storedAtMs({ storedAt }: StoredDocument): number {
  return Math.max(FIRST_MS, parseInstantMs(storedAt) ?? FIRST_MS);
}
