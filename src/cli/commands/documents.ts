import { access, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MissingDocument } from '../../domain/reports';
import { DOCUMENT_ID } from '../../report-store/document-id';
import { NotFound } from '../../use-cases/errors';
import type { UseCases } from '../../use-cases/use-cases';
import type { DocumentView, OpenDocument } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { FileExists, writeNewFile } from '../new-file';
import { displayCount, displayInstant, printRows } from '../rows';
import { WrongUsage } from '../wrong-usage';
import { actorOf, addApplicantCommand, type CommandContext, printResult, type RegisterCommand } from './context';
import { isDocumentError } from './document-errors';

/** Usable by its owner only. */
const PRIVATE_FOLDER = 0o700;

interface SaveFlags {
  readonly to: string;
  readonly superseded?: boolean;
}

/** `chartway documents list|save|zip <clientUserId>`: the stored documents, decrypted. The audit log records each. */
export const documentsCommand: RegisterCommand = (program, select) => {
  const documents = program
    .command('documents')
    .description('List, save or pack the stored documents of an applicant. The audit log records it.');
  addApplicantCommand(
    documents,
    'list',
    'Print one line per stored document, then one per missing document with the reason in place of the version.',
    (clientUserId) => select((context) => listDocuments(context, clientUserId)),
  );
  const save = addApplicantCommand(
    documents,
    'save',
    'Save documents, decrypted, as new files that only you can read. No file is replaced.',
    (clientUserId, ids: string[], flags: SaveFlags) => {
      if (!ids.every((id) => DOCUMENT_ID.test(id))) save.error('error: expected documentIds of 32 hex digits');
      select((context) => saveDocuments(context, clientUserId, ids, flags));
    },
  )
    .argument('[documentId...]', 'from `documents list`; without ids, all current documents')
    .requiredOption('--to <folder>', 'created if it does not exist')
    .option('--superseded', 'without ids: earlier versions too');
  addApplicantCommand(
    documents,
    'zip',
    'Save the current documents and the manifest, decrypted, as one new ZIP file that only you can read.',
    (clientUserId, { out }: { readonly out: string }) => select((context) => saveZip(context, clientUserId, out)),
  ).requiredOption('--out <file>', 'a file that does not exist');
};

async function listDocuments(context: CommandContext, clientUserId: string): Promise<ExitStatus> {
  const { json, print, terminal } = context;
  const { items, missing } = await (await context.useCases()).documents(clientUserId, actorOf(context));
  if (json) for (const item of [...items, ...missing.map(withoutId)]) print(JSON.stringify(item));
  else printRows(context, HEADER, [...items.map(toRow), ...missing.map(toMissingRow)]);
  terminal.write(`${displayCount(items.length, 'document')}, ${missing.length} missing`);
  return 0;
}

/** A narrow terminal cuts the last ones. */
const HEADER = ['version', 'type', 'format', 'documentId', 'provider', 'bytes', 'updated', 'stored'];

const toRow = ({ documentId, type, format, organization, bytes, updatedAt, storedAt, superseded }: DocumentView) => [
  superseded ? 'superseded' : 'current',
  type,
  format,
  documentId,
  nameOf(organization),
  bytes,
  displayInstant(updatedAt),
  displayInstant(storedAt),
];

/** A missing document has no id; in place of the version, the reason. */
const toMissingRow = ({ type, format, organization, reason }: MissingDocument) => [
  reason,
  type,
  format,
  null,
  nameOf(organization),
  null,
  null,
  null,
];

const nameOf = (organization: MissingDocument['organization']) => organization?.name ?? organization?.id ?? null;

const withoutId = (missing: MissingDocument) => ({ documentId: null, ...missing });

async function saveDocuments(
  context: CommandContext,
  clientUserId: string,
  ids: readonly string[],
  { to, superseded = false }: SaveFlags,
): Promise<ExitStatus> {
  const useCases = await context.useCases();
  const documentIds =
    ids.length > 0 ? [...new Set(ids)] : await findDocumentIds(context, useCases, clientUserId, superseded);
  await mkdir(to, { recursive: true, mode: PRIVATE_FOLDER }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new WrongUsage(`expected a folder for --to that can be created, got ${code}`);
  });
  const existing = await readdir(to);
  let saved = 0;
  for (const documentId of documentIds) {
    context.signal.throwIfAborted();
    if (await saveDocument(context, useCases, clientUserId, documentId, { folder: to, existing })) saved += 1;
  }
  context.terminal.write(`${saved} of ${documentIds.length} documents saved`);
  return saved === documentIds.length ? 0 : 1;
}

async function findDocumentIds(
  context: CommandContext,
  useCases: UseCases,
  clientUserId: string,
  withSuperseded: boolean,
): Promise<readonly string[]> {
  const { items } = await useCases.documents(clientUserId, actorOf(context));
  return items.filter(({ superseded }) => withSuperseded || !superseded).map(({ documentId }) => documentId);
}

/** Returns false and prints a message if the document cannot be saved. The others are still saved. */
async function saveDocument(
  context: CommandContext,
  useCases: UseCases,
  clientUserId: string,
  documentId: string,
  { folder, existing }: { readonly folder: string; readonly existing: readonly string[] },
): Promise<boolean> {
  const { signal, terminal } = context;
  let opened: OpenDocument;
  try {
    // Its opening is recorded, so this comes first.
    const sameName = existing.find((name) => name.includes(documentId));
    if (sameName !== undefined) throw new FileExists(join(folder, sameName));
    opened = await useCases.openDocument(clientUserId, documentId, actorOf(context));
    const file = join(folder, opened.fileName);
    const bytes = await writeNewFile(file, opened.read(), signal);
    printResult(context, { documentId, file, bytes }, `${file}: ${bytes} bytes`);
    return true;
  } catch (error) {
    if (error instanceof NotFound)
      terminal.write('not saved: the applicant has no such document; `documents list` prints their ids');
    else if (isDocumentError(error)) terminal.write(`${documentId}: not saved: ${error.message}`);
    else throw error;
    return false;
  }
}

async function saveZip(context: CommandContext, clientUserId: string, out: string): Promise<ExitStatus> {
  // Its opening is recorded, so this comes first.
  const exists = await access(out).then(
    () => true,
    () => false,
  );
  if (exists) throw new FileExists(out);
  const zip = await (await context.useCases()).openZip(clientUserId, actorOf(context));
  const bytes = await writeNewFile(out, zip, context.signal);
  printResult(context, { clientUserId, file: out, bytes }, `${out}: ${bytes} bytes`);
  return 0;
}
