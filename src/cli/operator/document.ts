import { open, rm } from 'node:fs/promises';
import { KeyMissing } from '../../domain/encryption';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import {
  AlteredDocument,
  NoSuchDocument,
  StoreUnavailable,
  UnreadableManifest,
  WrongFolder,
} from '../../report-store/errors';
import { MANIFEST, reportName } from '../../report-store/layout';
import { isReaderGone } from '../closed-pipe';
import type { ExitStatus } from '../starter';
import type { AddCommand, Operator } from './operator';

interface Chosen {
  readonly out?: string;
}

/** Only the user who asked reads it. */
const PRIVATE_FILE = 0o600;

/** `chartway document <clientUserId> <file>`: one document in clear, wherever and however the store keeps it. */
export const documentCommand: AddCommand = (program, choose) => {
  const command = program
    .command('document')
    .description(
      'Print a document of the report store in clear, once it has proven to be what was stored. It stands in the audit log.',
    )
    .argument('<clientUserId>')
    .argument('<file>', `as the manifest names it; ${MANIFEST} for that itself`)
    .option('--out <file>', 'write it to a new file that only you can read, instead of to stdout')
    .action((clientUserId: string, file: string, { out }: Chosen) => {
      if (!isClientUserId(clientUserId)) command.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
      choose((operator) => show(operator, clientUserId, file, out ?? null));
    });
};

async function show(operator: Operator, clientUserId: string, file: string, out: string | null): Promise<ExitStatus> {
  const { terminal, who, json } = operator;
  if (json && out === null) {
    terminal.say('expected --out <file> beside --json: stdout holds either the document or JSON lines');
    return 2;
  }
  const store = operator.reportStore();
  try {
    // Nothing is shown of what is not what was stored, and that is known at its end.
    for await (const _ of store.readDocument(clientUserId, file)) operator.signal.throwIfAborted();
    const entry = (await store.readManifest(clientUserId))?.documents.find((document) => document.file === file);
    const what = entry ? { documentId: reportName(entry.reportId) } : { detail: 'manifest' };
    await (await operator.audit()).record({ who, did: 'open-document', clientUserId, ...what });
    const bytes = await copied(store.readDocument(clientUserId, file), out);
    if (json) operator.out(JSON.stringify({ clientUserId, file, out, bytes }));
    return 0;
  } catch (error) {
    if (!isAnswer(error)) throw error;
    terminal.say(`${clientUserId}: ${error.message}`);
    return 1;
  }
}

/** `--out` could not be made, or not be filled. */
class NotWritten extends Error {}

function isAnswer(error: unknown): error is Error {
  return [
    NoSuchDocument,
    AlteredDocument,
    KeyMissing,
    StoreUnavailable,
    WrongFolder,
    UnreadableManifest,
    NotWritten,
  ].some((kind) => error instanceof kind);
}

async function copied(document: AsyncIterable<Uint8Array>, out: string | null): Promise<number> {
  if (out === null) return written(document, toStdout);
  const handle = await open(out, 'wx', PRIVATE_FILE).catch((error: NodeJS.ErrnoException) => {
    throw new NotWritten(`expected to make a new file for --out, got ${error.code}; name one that is not there yet`);
  });
  try {
    return await written(document, (piece) => handle.writeFile(piece));
  } catch (error) {
    await rm(out, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined || isAnswer(error) ? error : new NotWritten(`expected to write to --out, got ${code}`);
  } finally {
    await handle.close();
  }
}

async function written(document: AsyncIterable<Uint8Array>, write: (piece: Uint8Array) => Promise<void>) {
  let bytes = 0;
  for await (const piece of document) {
    await write(piece);
    bytes += piece.byteLength;
  }
  return bytes;
}

function toStdout(piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(piece, (error) => (error && !isReaderGone(error) ? reject(error) : resolve()));
  });
}
