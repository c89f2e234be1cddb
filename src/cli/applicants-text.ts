import { type FileHandle, open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { decodeText, NotApplicants } from '../use-cases/applicants-file/decode-text';

/** The text of a file of applicants. It is read twice: to find repeated ids, then to start the applicants. */
export interface ApplicantsText {
  /** Reads the text from its start. */
  readonly read: () => AsyncIterable<string>;
  /** How much was read, between 0 and 1; null if the length is unknown. */
  readonly share: (() => number) | null;
  readonly close: () => Promise<void>;
}

/** About two million rows. A pipe is kept in memory, because a temporary file would put personal data on a disk. */
const MAX_PIPE_MIB = 256;

/** Opens a file of applicants; `-` is standard input. The signal ends the reading. @throws {NotApplicants} if it is not a readable file */
export async function openApplicantsText(file: string, signal: AbortSignal): Promise<ApplicantsText> {
  if (file === '-') return bufferStream(process.stdin, signal);
  let handle: FileHandle;
  let size: number;
  try {
    handle = await open(file);
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new NotApplicants(`expected a file at ${file}, got a folder`);
    if (!stat.isFile()) return bufferStream(handle.createReadStream(), signal);
    size = stat.size;
  } catch (error) {
    if (error instanceof NotApplicants) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new NotApplicants(`expected a readable file at ${file}, ${code ? `got ${code}` : 'it cannot be read'}`, {
      cause: error,
    });
  }
  let bytesRead = () => 0;
  const read = () => {
    const stream = handle.createReadStream({ start: 0, autoClose: false });
    bytesRead = () => stream.bytesRead;
    return decodeText(addAbortSignal(signal, stream));
  };
  return { read, share: size > 0 ? () => bytesRead() / size : null, close: () => handle.close() };
}

/** A pipe can be read only once, so its bytes are kept for the second reading. */
function bufferStream(stream: Readable, signal: AbortSignal): ApplicantsText {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  addAbortSignal(signal, stream);
  async function* readChunks(): AsyncGenerator<Uint8Array> {
    yield* chunks;
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > MAX_PIPE_MIB * 1024 * 1024) {
        throw new NotApplicants(
          `expected at most ${MAX_PIPE_MIB} MiB from standard input or a pipe, because they are kept in memory; use a file`,
        );
      }
      chunks.push(chunk);
      yield chunk;
    }
  }
  const close = async () => {
    chunks.length = 0;
  };
  return { read: () => decodeText(readChunks()), share: null, close };
}
