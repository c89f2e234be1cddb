import { open } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { NotApplicants } from './applicants-file';

/** The text of a file of applicants, and how much of it was read. */
export interface ApplicantsText {
  readonly chunks: AsyncIterable<string>;
  /** Between 0 and 1; null where the length is not known. */
  readonly share: (() => number) | null;
}

/** Opens a file of applicants; `-` is standard input. The signal ends the reading. @throws NotApplicants where there is none to be read */
export async function openApplicantsFile(file: string, signal: AbortSignal): Promise<ApplicantsText> {
  if (file === '-') return { chunks: addAbortSignal(signal, process.stdin.setEncoding('utf8')), share: null };
  try {
    const handle = await open(file);
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new NotApplicants(`expected a file at ${file}; it is a folder`);
    const stream = addAbortSignal(signal, handle.createReadStream({ encoding: 'utf8' }));
    // A pipe tells no length.
    return { chunks: stream, share: stat.size > 0 ? () => stream.bytesRead / stat.size : null };
  } catch (error) {
    if (error instanceof NotApplicants) throw error;
    const { code = 'it cannot' } = error as NodeJS.ErrnoException;
    throw new NotApplicants(`expected a file that can be read at ${file}; ${code}`, { cause: error });
  }
}
