import { open, rm } from 'node:fs/promises';
import { KeyMissing } from '../../domain/encryption';
import { StoreError } from '../../report-store/errors';
import { MANIFEST, reportName } from '../../report-store/layout';
import type { ExitStatus } from '../exit-status';
import { isClosedPipe } from '../terminal';
import { addApplicantCommand, type CommandContext, type RegisterCommand, recordAct } from './context';

/** Readable by its owner only. */
const PRIVATE_FILE = 0o600;

/** `chartway document <clientUserId> <file>`: prints a stored document, decrypted. */
export const documentCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'document',
    'Print a document of the report store, decrypted, after a check that it is unchanged. The audit log records it.',
    (clientUserId, file: string, { out }: { readonly out?: string }) =>
      select((context) => showDocument(context, clientUserId, file, out ?? null)),
  )
    .argument('<file>', `its name in the manifest, or ${MANIFEST}`)
    .option('--out <file>', 'write it to a new file that only you can read, instead of stdout');
};

async function showDocument(
  context: CommandContext,
  clientUserId: string,
  file: string,
  out: string | null,
): Promise<ExitStatus> {
  const { terminal, json } = context;
  if (json && out === null) {
    terminal.write('expected --out <file> with --json, because stdout holds either the document or JSON lines');
    return 2;
  }
  const store = context.reportStore();
  try {
    // The first reading checks the whole document, so that no changed byte is printed.
    for await (const _ of store.readDocument(clientUserId, file)) context.signal.throwIfAborted();
    const entry = (await store.readManifest(clientUserId))?.documents.find((document) => document.file === file);
    const subject = entry ? { documentId: reportName(entry.reportId) } : { detail: 'manifest' };
    await recordAct(context, 'open-document', { clientUserId, ...subject });
    const bytes = await copyDocument(store.readDocument(clientUserId, file), out, context.signal);
    if (json) context.print(JSON.stringify({ clientUserId, file, out, bytes }));
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    terminal.write(`${clientUserId}: ${error.message}`);
    return 1;
  }
}

/** The file of `--out` cannot be created or written. */
class OutFileFailed extends Error {}

function isExpected(error: unknown): error is Error {
  return [StoreError, KeyMissing, OutFileFailed].some((type) => error instanceof type);
}

async function copyDocument(document: AsyncIterable<Uint8Array>, out: string | null, signal: AbortSignal) {
  if (out === null) return writeChunks(document, writeToStdout, signal);
  const handle = await open(out, 'wx', PRIVATE_FILE).catch((error: NodeJS.ErrnoException) => {
    throw new OutFileFailed(
      `expected to create a new file for --out, got ${error.code}; name a file that does not exist`,
    );
  });
  try {
    try {
      return await writeChunks(document, (chunk) => handle.writeFile(chunk), signal);
    } finally {
      // NFS may report a full disk only here.
      await handle.close();
    }
  } catch (error) {
    await rm(out, { force: true });
    signal.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined || isExpected(error)
      ? error
      : new OutFileFailed(`expected to write to --out, got ${code}`);
  }
}

async function writeChunks(
  document: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of document) {
    signal.throwIfAborted();
    await write(chunk);
    bytes += chunk.byteLength;
  }
  return bytes;
}

function writeToStdout(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error && !isClosedPipe(error) ? reject(error) : resolve()));
  });
}
