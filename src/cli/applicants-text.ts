import { type FileHandle, open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { decodeText } from './decode-text';
import { NotApplicants } from './not-applicants';

/** The text of a file of applicants, which is read twice: for repeated ids, then to start. */
export interface ApplicantsText {
  /** The text from its beginning. */
  readonly read: () => AsyncIterable<string>;
  /** How much of it was read, between 0 and 1; null where the length is not known. */
  readonly share: (() => number) | null;
  /** Lets the file, or what was kept of a pipe, go. */
  readonly close: () => Promise<void>;
}

/** What standard input or a pipe may hold: about two million rows. It is kept in memory, because a temporary file would be personal data on a disk. */
const LONGEST_PIPE_MIB = 256;

/** Opens a file of applicants; `-` is standard input. The signal ends the reading. @throws NotApplicants where there is none to be read */
export async function openApplicantsText(file: string, signal: AbortSignal): Promise<ApplicantsText> {
  if (file === '-') return keptText(process.stdin, signal);
  let handle: FileHandle;
  let size: number;
  try {
    handle = await open(file);
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new NotApplicants(`expected a file at ${file}; it is a folder`);
    if (!stat.isFile()) return keptText(handle.createReadStream(), signal);
    size = stat.size;
  } catch (error) {
    if (error instanceof NotApplicants) throw error;
    const { code = 'it cannot' } = error as NodeJS.ErrnoException;
    throw new NotApplicants(`expected a file that can be read at ${file}; ${code}`, { cause: error });
  }
  let bytesRead = () => 0;
  const read = () => {
    const stream = handle.createReadStream({ start: 0, autoClose: false });
    bytesRead = () => stream.bytesRead;
    return decodeText(addAbortSignal(signal, stream));
  };
  return { read, share: size > 0 ? () => bytesRead() / size : null, close: () => handle.close() };
}

/** A stream that gives its bytes once: kept while it is read, and given again. */
function keptText(stream: Readable, signal: AbortSignal): ApplicantsText {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  addAbortSignal(signal, stream);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield* kept;
    for await (const piece of stream) {
      bytes += piece.length;
      if (bytes > LONGEST_PIPE_MIB * 1024 * 1024) {
        throw new NotApplicants(
          `expected at most ${LONGEST_PIPE_MIB} MiB from standard input or a pipe, which are kept in memory; write more into a file`,
        );
      }
      kept.push(piece);
      yield piece;
    }
  }
  const close = async () => {
    kept.length = 0;
  };
  return { read: () => decodeText(pieces()), share: null, close };
}
