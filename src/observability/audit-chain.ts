import { createHash, createHmac } from 'node:crypto';

/** What an act is called in the audit log. */
export type AuditedAct =
  | 'configure'
  | 'start'
  | 'not-started'
  | 'invitation'
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

/** A key of the audit log: its hashes are HMAC-SHA-256. */
export interface AuditKey {
  /** Stands in the first line of each chain that it signs. */
  readonly id: string;
  readonly secret: Buffer;
  /** 2: of `AUDIT_KEY`; 1: derived from `PAYLOAD_KEYS`. No key at all counts 0. */
  readonly strength: 1 | 2;
}

/** The keys of the audit log that a process has. */
export interface AuditKeys {
  /** Null: chains are not keyed. */
  readonly signing: AuditKey | null;
  /** Whether chains of a process have to be keyed, because a key is there that could have signed them. */
  expects(processName: string): boolean;
  /** The key of an id for a chain of a process; null: it is not known; `foreign`: it must not sign for that process. */
  find(id: string, processName: string): AuditKey | 'foreign' | null;
}

/** Every process that has an audit log, in this version and in 0.1.0. */
const AUDITED_PROCESSES: readonly string[] = ['worker', 'webhook', 'api', 'starter', 'chartway'];

/** Whether a process of ours has this name: a chain of another one was put in. */
export function isAuditedProcess(processName: string | null): boolean {
  return processName !== null && AUDITED_PROCESSES.includes(processName);
}

/** Where a chain ends: after line `n`, counted from 1 through all its files. */
export interface ChainLink {
  readonly n: number;
  readonly hash: string;
}

/**
 * A file of the log: `<begun>-<process>-<chance>.<part>.jsonl`. What stands before the part names the chain; one chain is one start of one
 * process, so that any number of processes and hosts may share a folder.
 */
const FILE = /^((\d{8}T\d{9}Z)-([a-z]+)-[0-9a-f]{8})\.(\d{4,})\.jsonl$/;
const KEYED =
  /^\{"n":1,"before":"[0-9a-f]{64}","at":"[^"]{1,40}","process":"[a-z]+","key":"((?:payload:)?[\w.-]{1,32})"[,}]/;
const LINE = /^(\{"n":(\d{1,15}),"before":"([0-9a-f]{64})",.*),"hash":"([0-9a-f]{64})"\}$/;

/** The name of a chain, from when its process began. */
export function chainName(processName: string, begunAt: Date, chance: string): string {
  return `${inName(begunAt)}-${processName}-${chance}`;
}

/** Whether a chain began before an instant, as its name says. */
export function beganBefore(chain: string, before: Date): boolean {
  return chain < inName(before);
}

function inName(instant: Date): string {
  return instant.toISOString().replace(/[-:.]/g, '');
}

export function fileName(chain: string, part: number): string {
  return `${chain}.${String(part).padStart(4, '0')}.jsonl`;
}

/** Chain, when it began, its process, and part of a file's name; null for a file that is none of the log's. */
export function parseFileName(file: string) {
  const [, chain, begun, processName, part] = FILE.exec(file) ?? [];
  if (chain === undefined || begun === undefined || processName === undefined) return null;
  return { chain, begun, process: processName, part: Number(part) };
}

/** Which process wrote a chain, by its name. */
export function processOfChain(chain: string): string | null {
  return parseFileName(fileName(chain, 1))?.process ?? null;
}

/** What the first line of a chain follows: its own name, so that a chain under another name is no chain. */
export function chainStart(chain: string): ChainLink {
  return { n: 0, hash: sha256(Buffer.from(`chartway audit ${chain}`)) };
}

/** The line that follows `before`, with its line feed, and where the chain ends then. */
export function appendLine(
  before: ChainLink,
  at: Date,
  processName: string,
  entry: AuditEntry,
  key: AuditKey | null = null,
): { line: string; link: ChainLink } {
  const n = before.n + 1;
  // The first line names the key of all.
  const head = {
    n,
    before: before.hash,
    at: at.toISOString(),
    process: processName,
    ...(n === 1 && key && { key: key.id }),
  };
  const body = JSON.stringify({ ...head, ...entry }).slice(0, -1);
  const hash = hashOf(Buffer.from(body), key);
  return { line: `${body},"hash":"${hash}"}\n`, link: { n, hash } };
}

/** The id of the key in the first line of a chain; null: the chain is not keyed. */
export function keyIdIn(firstLine: Buffer): string | null {
  return KEYED.exec(firstLine.toString('latin1'))?.[1] ?? null;
}

/**
 * Reads one line (without its line feed) that should follow `before`: the link it makes, or what is wrong with it. `unknown`: the chain has a key
 * that is not there, so that nothing but the order of its lines can be checked.
 */
export function checkLine(
  before: ChainLink,
  line: Buffer,
  key: AuditKey | 'unknown' | null = null,
): ChainLink | { readonly wrong: string } {
  const [, body, n, previous, hash] = LINE.exec(line.toString('latin1')) ?? [];
  if (body === undefined || hash === undefined)
    return { wrong: 'expected a line of the audit log, it is none: it was damaged, or put in' };
  if (key !== 'unknown' && hashOf(Buffer.from(body, 'latin1'), key) !== hash)
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
export function isTornLine(before: ChainLink, rest: Buffer, key: AuditKey | 'unknown' | null = null): boolean {
  if (rest.every((byte) => byte === 0)) return true;
  const text = rest.toString('latin1');
  const head = `{"n":${before.n + 1},"before":"${before.hash}","at":"`;
  if (text.length <= head.length) return head.startsWith(text);
  if (!text.startsWith(head)) return false;
  // All but the line feed: then it must be whole in itself. Anything else must not go on behind its own end.
  const end = text.search(/,"hash":"[0-9a-f]{64}"\}/);
  return end === -1 ? !text.includes('\0') : 'hash' in checkLine(before, rest, key);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hashOf(bytes: Buffer, key: AuditKey | null): string {
  return key ? createHmac('sha256', key.secret).update(bytes).digest('hex') : sha256(bytes);
}
