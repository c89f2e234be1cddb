import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { emptyState, type Person, type SandboxState, type Token } from './state';

/** Receives each change of the state before it is visible outside. */
export interface StateJournal {
  person(person: Person): void;
  token(text: string, token: Token): void;
  scenario(document: unknown): void;
  /** Replaces the content by the current state. */
  rewrite(): void;
  close(): void;
}

/** For a sandbox without a data folder. */
export const noJournal: StateJournal = { person() {}, token() {}, scenario() {}, rewrite() {}, close() {} };

/** The saved state of an earlier run, and the journal for changes. */
export interface SavedState {
  readonly state: SandboxState;
  readonly journal: StateJournal;
}

/** A folder that cannot be used; the message explains what to do. */
class JournalFault extends Error {
  override readonly name = 'JournalFault';
}

type Entry = { readonly person: Person } | { readonly token: [string, Token] } | { readonly scenario: unknown };

const HEADER = { sandbox: 'journal', version: 1 };
/** A journal is rewritten when it has this size and most of it is outdated. */
const COMPACT_FROM_BYTES = 16 * 1_024 * 1_024;
const COMPACT_AT_GROWTH = 4;

/**
 * Opens the journal of a folder, to which each change is appended as one line. A kill at any byte loses at most the last line, which was not
 * visible outside. A power failure may lose the last seconds. Throws {@link JournalFault}.
 */
export function openJournal(folder: string, nowMs: number): SavedState {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lockFolder(folder);
  try {
    const file = join(folder, 'journal.jsonl');
    const state = readState(file);
    return { state, journal: new JournalFile(file, state, nowMs, release) };
  } catch (error) {
    release();
    throw error;
  }
}

/** Deletes the journal of a folder. Throws {@link JournalFault} if another sandbox uses it. */
export function clearJournal(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lockFolder(folder);
  rmSync(join(folder, 'journal.jsonl'), { force: true });
  release();
}

class JournalFile implements StateJournal {
  private descriptor = -1;
  private size = 0;
  private compactedSize = 0;

  constructor(
    private readonly file: string,
    private readonly state: SandboxState,
    nowMs: number,
    private readonly release: () => void,
  ) {
    for (const [text, token] of Object.entries(state.tokens)) if (token.expiresAtMs <= nowMs) delete state.tokens[text];
    this.rewrite();
  }

  person(person: Person): void {
    this.append({ person });
  }

  token(text: string, token: Token): void {
    this.append({ token: [text, token] });
  }

  scenario(scenario: unknown): void {
    this.append({ scenario });
  }

  rewrite(): void {
    const { people, tokens, scenario } = this.state;
    const fresh = openSync(`${this.file}.new`, 'w', 0o600);
    let size = 0;
    for (const line of [
      HEADER,
      { scenario },
      ...people.map((person) => ({ person })),
      ...Object.entries(tokens).map((token) => ({ token })),
    ])
      size += writeAll(fresh, line);
    fsyncSync(fresh);
    renameSync(`${this.file}.new`, this.file);
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = fresh;
    this.size = size;
    this.compactedSize = size;
  }

  close(): void {
    if (this.descriptor < 0) return;
    this.rewrite();
    closeSync(this.descriptor);
    this.descriptor = -1;
    this.release();
  }

  private append(entry: Entry): void {
    try {
      this.size += writeAll(this.descriptor, entry);
    } catch (error) {
      // Removes a half-written line of a full disk, so that the next line does not continue it.
      ftruncateSync(this.descriptor, this.size);
      throw error;
    }
    if (this.size > Math.max(COMPACT_FROM_BYTES, COMPACT_AT_GROWTH * this.compactedSize)) this.rewrite();
  }
}

function writeAll(descriptor: number, line: unknown): number {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, null);
  return bytes.length;
}

function readState(file: string): SandboxState {
  const lines = readText(file).split('\n');
  // A kill may have cut off the line after the last line break.
  lines.pop();
  const state = emptyState();
  const people = new Map<string, Person>();
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line);
    if (index === 0 && JSON.stringify(entry) === JSON.stringify(HEADER)) continue;
    if (index > 0 && 'person' in entry) people.set((entry['person'] as Person).humanId, entry['person'] as Person);
    else if (index > 0 && 'token' in entry) {
      const [text, token] = entry['token'] as [string, Token];
      state.tokens[text] = token;
    } else if (index > 0 && 'scenario' in entry) state.scenario = entry['scenario'];
    else
      throw new JournalFault(
        `${file}, line ${index + 1}: expected a journal entry of this version. Move the file away, or start with --reset to delete it.`,
      );
  }
  state.people.push(...people.values());
  return state;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (Object(error).code === 'ENOENT') return '';
    throw error;
  }
}

/** The entry of a line; empty if the line is invalid. */
function parseEntry(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Allows one sandbox per folder. Replaces the lock of a dead process. */
function lockFolder(folder: string): () => void {
  const file = join(folder, 'lock');
  for (;;) {
    try {
      const descriptor = openSync(file, 'wx', 0o600);
      writeSync(descriptor, String(process.pid));
      closeSync(descriptor);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (Object(error).code !== 'EEXIST') throw error;
    }
    const holder = Number(readText(file));
    if (holder !== process.pid && isAlive(holder))
      throw new JournalFault(
        `${folder} is in use by another sandbox (process ${holder}): stop it, or use another folder with --data.`,
      );
    rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return Object(error).code === 'EPERM';
  }
}
