import { createHash } from 'node:crypto';

/** What an act is called in the audit log. */
export type AuditedAct =
  | 'configure'
  | 'start'
  | 'not-started'
  | 'list'
  | 'read'
  | 'open-document'
  | 'decode'
  | 'sign-in'
  | 'refuse'
  | 'cancel'
  | 'withdraw'
  | 'erase-begin'
  | 'erase'
  | 'hold'
  | 'release'
  | 'quarantine-show'
  | 'quarantine-replay'
  | 'quarantine-drop'
  | 'store-init'
  | 'prune'
  | 'stop';

/** Who did or saw what, for whom. Pseudonyms, names of keys and texts of our own; never personal data. */
export interface AuditEntry {
  /** An API key's name, `cli:<os user>`, or a process. */
  readonly who: string;
  readonly did: AuditedAct;
  readonly clientUserId?: string | undefined;
  /** A report by its id. */
  readonly documentId?: string | undefined;
  /** The carrier's own reference of the person's authorization. */
  readonly authorizationReference?: string | undefined;
  /** Words of ours: counts, names of variables, codes. */
  readonly detail?: string | undefined;
}

/** Where a chain ends: after line `n`, counted from 1 through all its files. */
export interface Link {
  readonly n: number;
  readonly hash: string;
}

/**
 * A file of the log: `<begun>-<process>-<chance>.<part>.jsonl`. What stands before the part names the chain; one chain is one start of one
 * process, so that any number of processes and hosts may share a folder.
 */
const FILE = /^((\d{8}T\d{9}Z)-([a-z]+)-[0-9a-f]{8})\.(\d{4,})\.jsonl$/;
const LINE = /^(\{"n":(\d{1,15}),"before":"([0-9a-f]{64})",.*),"hash":"([0-9a-f]{64})"\}$/;

/** The name of a chain, from when its process began. */
export function chainName(processName: string, begunAt: Date, chance: string): string {
  return `${begunAt.toISOString().replace(/[-:.]/g, '')}-${processName}-${chance}`;
}

export function partName(chain: string, part: number): string {
  return `${chain}.${String(part).padStart(4, '0')}.jsonl`;
}

/** Chain and part of a file's name; null for a file that is none of the log's. */
export function partOf(file: string): { readonly chain: string; readonly part: number } | null {
  const [, chain, , , part] = FILE.exec(file) ?? [];
  return chain === undefined || part === undefined ? null : { chain, part: Number(part) };
}

/** What the first line of a chain follows: its own name, so that a chain under another name is no chain. */
export function beginningOf(chain: string): Link {
  return { n: 0, hash: sha256(Buffer.from(`chartway audit ${chain}`)) };
}

/** The line that follows `before`, with its line feed, and where the chain ends then. */
export function lineAfter(
  before: Link,
  at: Date,
  processName: string,
  entry: AuditEntry,
): { line: string; link: Link } {
  const n = before.n + 1;
  const open = JSON.stringify({ n, before: before.hash, at: at.toISOString(), process: processName, ...entry });
  const body = open.slice(0, -1);
  const hash = sha256(Buffer.from(body));
  return { line: `${body},"hash":"${hash}"}\n`, link: { n, hash } };
}

/** Reads one line (without its line feed) that should follow `before`: the link it makes, or what is wrong with it. */
export function followed(before: Link, line: Buffer): Link | { readonly wrong: string } {
  const [, body, n, previous, hash] = LINE.exec(line.toString('latin1')) ?? [];
  if (body === undefined || hash === undefined)
    return { wrong: 'expected a line of the audit log, it is none: it was damaged, or put in' };
  if (sha256(Buffer.from(body, 'latin1')) !== hash)
    return { wrong: 'its hash is not the hash of what it says: it was changed after it was written' };
  if (Number(n) !== before.n + 1)
    return { wrong: `expected line ${before.n + 1} of its chain, it says ${n}: lines were taken out, put in or moved` };
  if (previous !== before.hash)
    return { wrong: 'it does not hold the hash of the line before: the one or the other is of another chain' };
  return { n: before.n + 1, hash };
}

/**
 * Whether bytes without a line feed can be what a kill or a power cut left of the line after `before`: its beginning, or nothing but zeros,
 * as a file system leaves them. Such a line was never acknowledged.
 */
export function isTornLine(before: Link, rest: Buffer): boolean {
  if (rest.every((byte) => byte === 0)) return true;
  const text = rest.toString('latin1');
  const head = `{"n":${before.n + 1},"before":"${before.hash}","at":"`;
  if (text.length <= head.length) return head.startsWith(text);
  if (!text.startsWith(head)) return false;
  // All but the line feed: then it must be whole in itself. Anything else must not go on behind its own end.
  const end = text.search(/,"hash":"[0-9a-f]{64}"\}/);
  return end === -1 ? !text.includes('\0') : 'hash' in followed(before, rest);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
