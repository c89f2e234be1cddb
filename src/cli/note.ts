import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { MAX_NOTE_LENGTH } from '../domain/steering';
import { WrongUsage } from './wrong-usage';

/** The note in a file; `-` is standard input. It is not an argument, because every user can read the arguments of a command. @throws {WrongUsage} */
export async function readNote(file: string, signal: AbortSignal): Promise<string> {
  const note = (await readAll(file, signal)).trim();
  if (note.length >= 1 && note.length <= MAX_NOTE_LENGTH) return note;
  throw new WrongUsage(`expected a note of 1 to ${MAX_NOTE_LENGTH} characters, got ${note.length}`);
}

async function readAll(file: string, signal: AbortSignal): Promise<string> {
  if (file === '-') return text(addAbortSignal(signal, process.stdin));
  try {
    return await readFile(file, { encoding: 'utf8', signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new WrongUsage(`expected a readable file for --note-file, got ${(error as NodeJS.ErrnoException).code}`);
  }
}
