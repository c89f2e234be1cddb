import { documentIdOf } from '../../report-store/document-id';
import { MANIFEST } from '../../report-store/layout';
import type { ExitStatus } from '../exit-status';
import { writeNewFile } from '../new-file';
import { isClosedPipe } from '../terminal';
import { addApplicantCommand, type CommandContext, type RegisterCommand, recordAct } from './context';
import { isDocumentError } from './document-errors';

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
    const subject = entry ? { documentId: documentIdOf(entry.file) } : { detail: 'manifest' };
    await recordAct(context, 'open-document', { clientUserId, ...subject });
    const bytes = await copyDocument(store.readDocument(clientUserId, file), out, context.signal);
    if (json) context.print(JSON.stringify({ clientUserId, file, out, bytes }));
    return 0;
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    terminal.write(`${clientUserId}: ${error.message}`);
    return 1;
  }
}

async function copyDocument(document: AsyncIterable<Uint8Array>, out: string | null, signal: AbortSignal) {
  return out === null ? writeToStdout(document, signal) : writeNewFile(out, document, signal);
}

async function writeToStdout(document: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const chunk of document) {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(chunk, (error) => (error && !isClosedPipe(error) ? reject(error) : resolve()));
    });
    bytes += chunk.byteLength;
  }
  return bytes;
}
