import { createHash, createHmac } from 'node:crypto';

/** The acts that the audit log records. */
export type AuditedAct =
  | 'configure'
  | 'start'
  | 'not-started'
  | 'invitation'
  | 'details'
  | 'list'
  | 'read'
  | 'open-document'
  | 'decode'
  | 'sign-in'
  | 'refuse'
  | 'cancel'
  | 'check-now'
  | 'finish-now'
  | 'deadline'
  | 'snooze'
  | 'retry'
  | 'withdraw'
  | 'not-done'
  | 'audit-read'
  | 'erase-begin'
  | 'erase'
  | 'hold'
  | 'release'
  | 'quarantine-show'
  | 'quarantine-replay'
  | 'quarantine-drop'
  | 'store-init'
  | 'event-resend'
  | 'endpoint-pause'
  | 'endpoint-resume'
  | 'endpoint-test'
  | 'endpoint-recover'
  | 'batch-start'
  | 'batch-pause'
  | 'batch-resume'
  | 'batch-cancel'
  | 'prune'
  | 'stop';

/** Who did or saw what, for which applicant. Holds pseudonyms and our own words, never personal data. */
export interface AuditEntry {
  /** An API key's name, `cli:<os user>`, or a process. */
  readonly who: string;
  readonly did: AuditedAct;
  readonly clientUserId?: string | undefined;
  /** The API's id of a stored document. */
  readonly documentId?: string | undefined;
  /** The carrier's own reference to the person's authorization. */
  readonly authorizationReference?: string | undefined;
  /** A user of the caller's system, as the caller claims. */
  readonly onBehalfOf?: string | undefined;
  /** Counts, names of variables, codes. */
  readonly detail?: string | undefined;
}

/** A code of the carrier that the audit log shows, such as the number of a case. Not a sentence about a person, and not an e-mail address. */
export const CARRIER_CODE = /^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,99}$/;
export const CARRIER_CODE_EXPECTED = '1 to 100 letters, digits and ._~:/-, starting with a letter or digit';

/** A key of the audit log, for HMAC-SHA-256. */
export interface AuditKey {
  /** Named in the first line of each chain that the key signs. */
  readonly id: string;
  readonly secret: Buffer;
  /** 2: from `AUDIT_KEY`; 1: derived from `PAYLOAD_KEYS`. A chain without a key has strength 0. */
  readonly strength: 1 | 2;
}

/** The audit keys of a process. */
export interface AuditKeys {
  /** Null: chains are not signed. */
  readonly signing: AuditKey | null;
  /** Whether chains of a process must be signed, because one of these keys could have signed them. */
  expects(processName: string): boolean;
  /** The key with this id. `foreign`: the key must not sign chains of that process. Null: unknown. */
  find(id: string, processName: string): AuditKey | 'foreign' | null;
}

/** The processes that have an audit log. */
const AUDITED_PROCESSES: readonly string[] = ['worker', 'webhook', 'api', 'starter', 'chartway'];

/** A chain of any other process was added by hand. */
export function isAuditedProcess(processName: string | null): boolean {
  return processName !== null && AUDITED_PROCESSES.includes(processName);
}

/** The end of a chain: `n` counts its lines from 1 across its files. */
export interface ChainLink {
  readonly n: number;
  readonly hash: string;
}

/**
 * `<start>-<process>-<random>.<part>.jsonl`. The name without the part is the name of the chain. Each start of a process begins a chain, so
 * processes and hosts can share a folder.
 */
const FILE = /^(\d{8}T\d{9}Z-([a-z]+)-[0-9a-f]{8})\.(\d{4,})\.jsonl$/;
const KEYED =
  /^\{"n":1,"before":"[0-9a-f]{64}","at":"[^"]{1,40}","process":"[a-z]+","key":"((?:payload:)?[\w.-]{1,32})"[,}]/;
const LINE = /^(\{"n":(\d{1,15}),"before":"([0-9a-f]{64})",.*),"hash":"([0-9a-f]{64})"\}$/;

/** The name of a chain. */
export function chainName(processName: string, startedAt: Date, random: string): string {
  return `${toNamePart(startedAt)}-${processName}-${random}`;
}

/** Whether the start time in the name of a chain is before an instant. */
export function beganBefore(chain: string, before: Date): boolean {
  return chain < toNamePart(before);
}

function toNamePart(instant: Date): string {
  return instant.toISOString().replace(/[-:.]/g, '');
}

export function fileName(chain: string, part: number): string {
  return `${chain}.${String(part).padStart(4, '0')}.jsonl`;
}

/** The parts of a file name; null: not a file of the audit log. */
export function parseFileName(file: string) {
  const [, chain, processName, part] = FILE.exec(file) ?? [];
  if (chain === undefined || processName === undefined) return null;
  return { chain, process: processName, part: Number(part) };
}

/** The process that wrote a chain. */
export function processOfChain(chain: string): string | null {
  return parseFileName(fileName(chain, 1))?.process ?? null;
}

/** The link before the first line: a hash of the chain's name, so that a renamed chain is invalid. */
export function chainStart(chain: string): ChainLink {
  return { n: 0, hash: sha256(Buffer.from(`chartway audit ${chain}`)) };
}

/** The line after `before`, with its line feed, and the new end of the chain. */
export function appendLine(
  before: ChainLink,
  at: Date,
  processName: string,
  entry: AuditEntry,
  key: AuditKey | null = null,
): { line: string; link: ChainLink } {
  const n = before.n + 1;
  // The first line names the key of the chain.
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

/** The key id in the first line of a chain; null: the chain is not signed. */
export function readKeyId(firstLine: Buffer): string | null {
  return KEYED.exec(firstLine.toString('latin1'))?.[1] ?? null;
}

/**
 * Checks that a line (without its line feed) follows `before`, and returns its link or the fault. Key `unknown`: the chain has a key that is
 * not available, so only the order of the lines is checked.
 */
export function checkLine(
  before: ChainLink,
  line: Buffer,
  key: AuditKey | 'unknown' | null = null,
): ChainLink | { readonly fault: string } {
  const [, body, n, previous, hash] = LINE.exec(line.toString('latin1')) ?? [];
  if (body === undefined || hash === undefined)
    return { fault: 'expected a line of the audit log, got other text: it was damaged or added' };
  if (key !== 'unknown' && hashOf(Buffer.from(body, 'latin1'), key) !== hash)
    return { fault: 'its hash does not match its content: it was changed after it was written' };
  if (Number(n) !== before.n + 1)
    return { fault: `expected line ${before.n + 1} of its chain, got line ${n}: lines were removed, added or moved` };
  if (previous !== before.hash)
    return { fault: 'it does not hold the hash of the line before it: one of the two is from another chain' };
  return { n: before.n + 1, hash };
}

/**
 * Whether bytes without a line feed can be an interrupted write of the line after `before`: the start of the line, or only zeros, which a file
 * system may leave after a power cut. Such a line was never acknowledged.
 */
export function isTornLine(before: ChainLink, bytes: Buffer, key: AuditKey | 'unknown' | null = null): boolean {
  if (bytes.every((byte) => byte === 0)) return true;
  const text = bytes.toString('latin1');
  const head = `{"n":${before.n + 1},"before":"${before.hash}","at":"`;
  if (text.length <= head.length) return head.startsWith(text);
  if (!text.startsWith(head)) return false;
  // A complete line without its line feed must be valid. Nothing may follow the end of a line.
  const end = text.search(/,"hash":"[0-9a-f]{64}"\}/);
  return end === -1 ? !text.includes('\0') : 'hash' in checkLine(before, bytes, key);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hashOf(bytes: Buffer, key: AuditKey | null): string {
  return key ? createHmac('sha256', key.secret).update(bytes).digest('hex') : sha256(bytes);
}
