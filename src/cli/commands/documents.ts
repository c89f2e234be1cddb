import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyMissing } from '../../domain/encryption';
import { StoreError, StoreUnavailable } from '../../report-store/errors';
import { NotFound } from '../../use-cases/errors';
import type { UseCases } from '../../use-cases/use-cases';
import type { DocumentView, OpenDocument } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { FileNotWritten, writeNewFile } from '../new-file';
import { displayInstant, printRows } from '../rows';
import { WrongUsage } from '../wrong-usage';
import { actorOf, addApplicantCommand, type CommandContext, printResult, type RegisterCommand } from './context';

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
  addApplicantCommand(documents, 'list', 'Print one line per document.', (clientUserId) =>
    select((context) => listDocuments(context, clientUserId)),
  );
  addApplicantCommand(
    documents,
    'save',
    'Save documents, decrypted, as new files that only you can read. No file is replaced.',
    (clientUserId, ids: string[], flags: SaveFlags) =>
      select((context) => saveDocuments(context, clientUserId, ids, flags)),
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
  if (json) for (const item of items) print(JSON.stringify(item));
  else printRows(context, ['documentId', 'type', 'format', 'bytes', 'updated', 'stored', ''], items.map(toRow));
  terminal.write(`${items.length === 1 ? '1 document' : `${items.length} documents`}, ${missing.length} missing`);
  return 0;
}

const toRow = ({ documentId, type, format, bytes, updatedAt, storedAt, superseded }: DocumentView) => [
  documentId,
  type,
  format,
  bytes,
  displayInstant(updatedAt),
  displayInstant(storedAt),
  superseded ? 'superseded' : 'current',
];

async function saveDocuments(
  context: CommandContext,
  clientUserId: string,
  ids: readonly string[],
  { to, superseded = false }: SaveFlags,
): Promise<ExitStatus> {
  const useCases = await context.useCases();
  const wanted =
    ids.length > 0 ? [...new Set(ids)] : await findDocumentIds(context, useCases, clientUserId, superseded);
  await mkdir(to, { recursive: true, mode: PRIVATE_FOLDER }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new WrongUsage(`expected a folder for --to that can be created, got ${code}`);
  });
  let saved = 0;
  for (const documentId of wanted) {
    context.signal.throwIfAborted();
    if (await saveDocument(context, useCases, clientUserId, documentId, to)) saved += 1;
  }
  context.terminal.write(`${saved} of ${wanted.length} documents saved`);
  return saved === wanted.length ? 0 : 1;
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

/** False, with a message, for a document that cannot be saved; the others are saved. */
async function saveDocument(
  context: CommandContext,
  useCases: UseCases,
  clientUserId: string,
  documentId: string,
  folder: string,
): Promise<boolean> {
  const { signal, terminal } = context;
  let opened: OpenDocument;
  try {
    opened = await useCases.openDocument(clientUserId, documentId, actorOf(context));
    const file = join(folder, opened.fileName);
    const bytes = await writeNewFile(file, opened.read(), signal);
    printResult(context, { documentId, file, bytes }, `${file}: ${bytes} bytes`);
    return true;
  } catch (error) {
    if (error instanceof NotFound)
      terminal.write('not saved: the applicant has no such document; `documents list` prints their ids');
    else if (isRefusal(error)) terminal.write(`${documentId}: not saved: ${error.message}`);
    else throw error;
    return false;
  }
}

/** An outage of the store would fail for the other documents too. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof StoreUnavailable) return false;
  return [StoreError, KeyMissing, FileNotWritten].some((type) => error instanceof type);
}

async function saveZip(context: CommandContext, clientUserId: string, out: string): Promise<ExitStatus> {
  const zip = await (await context.useCases()).openZip(clientUserId, actorOf(context));
  const bytes = await writeNewFile(out, zip, context.signal);
  printResult(context, { clientUserId, file: out, bytes }, `${out}: ${bytes} bytes`);
  return 0;
}
