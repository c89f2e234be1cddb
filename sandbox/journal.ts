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

/** Where every change of the state goes before anybody is told of it. */
export interface Keeper {
  person(person: Person): void;
  token(text: string, token: Token): void;
  scenario(document: unknown): void;
  /** All that was kept is replaced by the state as it is now. */
  rewrite(): void;
  close(): void;
}

/** For a sandbox that forgets everything when it ends. */
export const keepsNothing: Keeper = { person() {}, token() {}, scenario() {}, rewrite() {}, close() {} };

/** A folder that cannot be used; the message says what to do. */
class JournalFault extends Error {
  override readonly name = 'JournalFault';
}

type Entry = { readonly person: Person } | { readonly token: [string, Token] } | { readonly scenario: unknown };

const HEADER = { sandbox: 'journal', version: 1 };
/** A journal is written anew when it is this long and most of it is out of date. */
const REWRITTEN_FROM_BYTES = 16 * 1_024 * 1_024;
const REWRITTEN_AT_TIMES = 4;

/**
 * The state in a folder, as a file to which each change is appended as one line: what was written survives a kill at any byte, for a line
 * that was cut off at the end was told to nobody. A loss of power may take the last seconds. Throws a {@link JournalFault}.
 */
export function openJournal(folder: string, nowMs: number): { readonly state: SandboxState; readonly keeper: Keeper } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lock(folder);
  try {
    const file = join(folder, 'journal.jsonl');
    const state = read(file);
    return { state, keeper: new Journal(file, state, nowMs, release) };
  } catch (error) {
    release();
    throw error;
  }
}

/** Removes what a folder holds of a sandbox. Throws a {@link JournalFault} while one is at work there. */
export function clearJournal(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lock(folder);
  rmSync(join(folder, 'journal.jsonl'), { force: true });
  release();
}

class Journal implements Keeper {
  private descriptor = -1;
  private size = 0;
  private sizeRewritten = 0;

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
    this.sizeRewritten = size;
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
      // A full disk may have taken half a line: the next one must not continue it.
      ftruncateSync(this.descriptor, this.size);
      throw error;
    }
    if (this.size > Math.max(REWRITTEN_FROM_BYTES, REWRITTEN_AT_TIMES * this.sizeRewritten)) this.rewrite();
  }
}

function writeAll(descriptor: number, line: unknown): number {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, null);
  return bytes.length;
}

function read(file: string): SandboxState {
  const lines = textOf(file).split('\n');
  // What stands behind the last line break was cut off by a kill.
  lines.pop();
  const state = emptyState();
  const people = new Map<string, Person>();
  for (const [index, line] of lines.entries()) {
    const entry = parsed(line);
    if (index === 0 && JSON.stringify(entry) === JSON.stringify(HEADER)) continue;
    if (index > 0 && 'person' in entry) people.set((entry['person'] as Person).humanId, entry['person'] as Person);
    else if (index > 0 && 'token' in entry) {
      const [text, token] = entry['token'] as [string, Token];
      state.tokens[text] = token;
    } else if (index > 0 && 'scenario' in entry) state.scenario = entry['scenario'];
    else
      throw new JournalFault(
        `${file}, line ${index + 1}: expected an entry of this version's journal. Move the file away, or start with --reset to forget everybody.`,
      );
  }
  state.people.push(...people.values());
  return state;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (Object(error).code === 'ENOENT') return '';
    throw error;
  }
}

/** The entry of a line; an empty one where it is none. */
function parsed(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** One sandbox a folder. A lock whose holder is gone, after a kill, is taken over. */
function lock(folder: string): () => void {
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
    const holder = Number(textOf(file));
    if (holder !== process.pid && lives(holder))
      throw new JournalFault(
        `${folder} is in use by another sandbox (process ${holder}): end that one, or give --data another folder.`,
      );
    rmSync(file, { force: true });
  }
}

function lives(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return Object(error).code === 'EPERM';
  }
}
