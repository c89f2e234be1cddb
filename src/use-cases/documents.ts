import type { StoredDocument } from '../domain/reports';
import { documentIdOf } from '../report-store/document-id';
import { AlteredDocument, NoSuchDocument, StoreError } from '../report-store/errors';
import type { ByteRange, Manifest } from '../report-store/port';
import { readApplicantRun } from '../temporal/runs';
import type { RecordOpening } from './document-openings';
import { NotFound, Unavailable } from './errors';
import { currentMs } from './run-sources';
import { readStore, readTemporal } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { DocumentsView, DocumentView, OpenDocument } from './views';

/** Lists the documents of the manifest, which has those of an open applicant as soon as they are stored. */
export async function listDocuments(
  deps: UseCaseDeps,
  clientUserId: string,
  { who, onBehalfOf }: Actor,
): Promise<DocumentsView> {
  await deps.audit.record({ who, onBehalfOf, did: 'list', clientUserId, detail: 'documents' });
  const manifest = await readKnownManifest(deps, clientUserId);
  return {
    items: (manifest?.documents ?? []).map(toDocumentView),
    missing: manifest?.missing ?? [],
    asOf: new Date(currentMs(deps)).toISOString(),
  };
}

/** Null for an applicant that Temporal has and that has no manifest. @throws {NotFound}; {Unavailable}; KeyMissing */
export async function readKnownManifest(
  { client, reportStore }: UseCaseDeps,
  clientUserId: string,
): Promise<Manifest | null> {
  const manifest = await readStore(() => reportStore.readManifest(clientUserId));
  if (manifest) return manifest;
  const run = await readTemporal(() => readApplicantRun(client, clientUserId));
  if (run) return null;
  throw new NotFound();
}

/** The opening is recorded before anything about the document is returned, so an answer without bytes is recorded too. */
export async function openDocument(
  { reportStore }: Pick<UseCaseDeps, 'reportStore'>,
  recordOpening: RecordOpening,
  clientUserId: string,
  documentId: string,
  actor: Actor,
): Promise<OpenDocument> {
  const manifest = await readStore(() => reportStore.readManifest(clientUserId));
  const entry = manifest?.documents.find(({ file }) => documentIdOf(file) === documentId);
  if (!entry) throw new NotFound('the manifest lists no such document');
  await recordOpening(clientUserId, entry, actor);
  return {
    document: toDocumentView(entry),
    fileName: `${clientUserId}-${typeOf(entry)}-${documentId}.${entry.format}`,
    async *read(range) {
      await recordOpening(clientUserId, entry, actor);
      yield* readBytes(reportStore, clientUserId, entry, range);
    },
  };
}

/** @throws {AlteredDocument} also if the file of a listed document is missing; {NotFound} if it was erased meanwhile; {Unavailable}; KeyMissing */
export async function* readBytes(
  reportStore: UseCaseDeps['reportStore'],
  clientUserId: string,
  { file }: StoredDocument,
  range?: ByteRange,
): AsyncGenerator<Uint8Array> {
  try {
    yield* reportStore.readDocument(clientUserId, file, range && { range });
  } catch (error) {
    if (error instanceof AlteredDocument || !(error instanceof StoreError)) throw error;
    if (!(error instanceof NoSuchDocument)) throw new Unavailable('store', 'nothing', error);
    const manifest = await readStore(() => reportStore.readManifest(clientUserId));
    const isListed = manifest?.documents.some((document) => document.file === file);
    throw isListed ? new AlteredDocument(error.message) : new NotFound('the document was erased');
  }
}

/** The folder of the type: upstream's type as a safe name. */
export function typeOf({ file }: StoredDocument): string {
  return file.slice(0, file.indexOf('/'));
}

function toDocumentView(document: StoredDocument): DocumentView {
  const { type, format, organization, reportId, updatedAt, seenAt } = document;
  const { file, sha256, bytes, contentType, storedAt, superseded } = document;
  const documentId = documentIdOf(file);
  return {
    documentId,
    type,
    format,
    organization,
    reportId,
    updatedAt,
    seenAt,
    sha256,
    bytes,
    contentType,
    storedAt,
    superseded,
  };
}
