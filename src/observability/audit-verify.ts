import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { AuditCheckpoint } from './audit';
import {
  type AuditKey,
  type AuditKeys,
  beganBefore,
  type ChainLink,
  chainStart,
  checkLine,
  isAuditedProcess,
  isTornLine,
  parseFileName,
  processOfChain,
  readKeyId,
} from './audit-chain';

/** The verification of one chain. `chartway audit verify --json` prints it. */
export interface ChainResult {
  readonly chain: string;
  readonly files: readonly string[];
  readonly lines: number;
  readonly hash: string;
  /**
   * `closed`: its process stopped normally. `open`: the process runs, was killed, or complete lines were cut off. `torn`: the last line is an
   * interrupted write. For the last two, only a checkpoint shows that nothing was cut off.
   */
  readonly end: 'closed' | 'open' | 'torn';
  /** The id of the key that signed it; null: anyone with write access to the folder can have written it. */
  readonly key: string | null;
  /** False: its key is not available, or it has none and one was expected. Then only the order of its lines was checked. */
  readonly proven: boolean;
  /** An earlier chain of its process has a stronger key: this one was added by hand, or the key is no longer set. */
  readonly weaker: boolean;
  /** The first invalid line; null if all lines that could be read are valid. */
  readonly broken: InvalidLine | null;
  /** The first file that could not be read. The rest of the chain is unknown. */
  readonly unread: { readonly file: string; readonly code: string } | null;
}

interface InvalidLine {
  readonly file: string;
  /** Within the file, from 1. */
  readonly line: number;
  readonly why: string;
}

/** The verification of a folder. */
export interface AuditVerification {
  readonly chains: readonly ChainResult[];
  /** Checkpoints that do not match: lines were cut off or replaced, or files removed. */
  readonly mismatches: readonly CheckpointMismatch[];
  /** The number of matching checkpoints. The others are mismatches, after a fault of their chain, or of pruned chains. */
  readonly matchedCheckpoints: number;
}

interface CheckpointMismatch {
  readonly checkpoint: AuditCheckpoint;
  readonly why: string;
}

/** The verdict on a chain. `empty`: it has no complete line, so nothing can be checked. */
export type Verdict = 'holds' | 'broken' | 'unread' | 'empty' | 'weaker' | 'unproven';

export function verdictOf({ broken, unread, lines, weaker, proven }: ChainResult): Verdict {
  if (unread) return 'unread';
  if (broken) return 'broken';
  if (lines === 0) return 'empty';
  if (weaker) return 'weaker';
  return proven ? 'holds' : 'unproven';
}

const NO_KEYS: AuditKeys = { signing: null, expects: () => false, find: () => null };

/**
 * Verifies every chain of a folder, or the one chain of a file, and compares the checkpoints with them. Proves that no line before a checkpoint
 * was changed, moved, added or removed. A signed chain can be written only with its key. An unsigned chain can be written by anyone with write
 * access to the folder, under any date: it is `unproven` if a key is expected, unless it began before `unkeyedBefore`, and `weaker` after a
 * signed chain of the same process.
 * @throws the system's error if the folder cannot be read
 */
export async function verifyAudit(
  path: string,
  checkpoints: readonly AuditCheckpoint[] = [],
  keys: AuditKeys = NO_KEYS,
  unkeyedBefore: Date | null = null,
): Promise<AuditVerification> {
  const single = parseFileName(basename(path));
  const folder = single ? dirname(path) : path;
  const isRequested = (chain: string | null) => !single || chain === single.chain;
  // To find a weaker chain, even a single chain is compared with the others of its process.
  const files = await listChains(folder, single?.process ?? null);
  const walks: (ChainWalk & { result: ChainResult; strength: Strength })[] = [];
  const mismatches: CheckpointMismatch[] = [];
  let matchedCheckpoints = 0;
  for (const chain of [...files.keys()].sort()) {
    const ownCheckpoints = checkpoints.filter(({ file }) => isRequested(chain) && chainOf(file) === chain);
    const walk = await walkChain(folder, chain, files.get(chain) ?? [], ownCheckpoints, keys);
    const processName = processOfChain(chain);
    const strength = strengthOf(walk);
    const strongest = Math.max(0, ...walks.map((each) => (each.process === processName ? (each.strength ?? 0) : 0)));
    const mayBeUnsigned = unkeyedBefore !== null && beganBefore(chain, unkeyedBefore);
    const lacksKey = strength === 0 && !mayBeUnsigned && keys.expects(processName ?? '');
    const result: ChainResult = {
      chain,
      files: walk.files,
      lines: walk.link.n,
      hash: walk.link.hash,
      end: walk.end,
      key: walk.signature?.id ?? null,
      proven: walk.signature?.key !== 'unknown' && !lacksKey,
      weaker: strength !== null && strength < strongest,
      broken: walk.broken,
      unread: walk.unread,
    };
    walks.push({ ...walk, result, strength });
    for (const checkpoint of ownCheckpoints) {
      const hash = walk.hashes.get(checkpoint.lines);
      if (hash === checkpoint.hash) matchedCheckpoints += 1;
      else mismatches.push(...mismatchesOf(checkpoint, result, hash));
    }
  }
  const pruned = new Set(walks.flatMap((walk) => trustedPrunes(walk, keys)));
  for (const checkpoint of checkpoints) {
    const chain = chainOf(checkpoint.file);
    const isAccounted = chain !== null && (files.has(chain) || pruned.has(chain) || !isRequested(chain));
    if (!isAccounted) mismatches.push({ checkpoint, why: 'its file does not exist' });
  }
  const chains = walks.map(({ result }) => result).filter(({ chain }) => isRequested(chain));
  return { chains, mismatches, matchedCheckpoints };
}

interface ChainFile {
  readonly file: string;
  readonly part: number;
}

/** The files of each chain, of all processes or of one. */
async function listChains(folder: string, processName: string | null): Promise<ReadonlyMap<string, ChainFile[]>> {
  const chains = new Map<string, ChainFile[]>();
  for (const file of await readdir(folder)) {
    const name = parseFileName(file);
    if (!name || (processName !== null && name.process !== processName)) continue;
    chains.set(name.chain, [...(chains.get(name.chain) ?? []), { file, part: name.part }]);
  }
  return chains;
}

/** What was read of a chain so far. */
interface ChainWalk {
  readonly process: string | null;
  readonly files: readonly string[];
  link: ChainLink;
  end: ChainResult['end'];
  broken: InvalidLine | null;
  unread: ChainResult['unread'];
  /** From the first line; null until it is read. */
  signature: { readonly id: string | null; readonly key: AuditKey | 'unknown' | 'foreign' | null } | null;
  /** The hashes at the lines of checkpoints. */
  readonly hashes: Map<number, string>;
  /** The chains that this chain records as pruned. */
  readonly prunes: string[];
}

/** Reads the files of a chain up to its end or its first fault. */
async function walkChain(
  folder: string,
  chain: string,
  unsorted: readonly ChainFile[],
  checkpoints: readonly AuditCheckpoint[],
  keys: AuditKeys,
): Promise<ChainWalk> {
  const files = [...unsorted].sort((a, b) => a.part - b.part);
  const wanted = new Set(checkpoints.map(({ lines }) => lines));
  const walk: ChainWalk = {
    process: processOfChain(chain),
    files: files.map(({ file }) => file),
    link: chainStart(chain),
    end: 'open',
    broken: null,
    unread: null,
    signature: null,
    hashes: new Map(),
    prunes: [],
  };
  if (!isAuditedProcess(walk.process)) {
    const why = `no process of Chartway is called ${walk.process}: the chain was added`;
    walk.broken = { file: walk.files[0] ?? chain, line: 1, why };
  }
  for (const [index, { file, part }] of files.entries()) {
    if (walk.broken) break;
    if (part !== index + 1) {
      const why = `expected part ${index + 1} of its chain before it: a file was removed or renamed`;
      walk.broken = { file, line: 1, why };
      break;
    }
    const bytes = await readFile(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      walk.unread = { file, code: error.code ?? 'an unknown failure' };
    });
    if (!bytes) break;
    let line = 0;
    for (const { text, isComplete } of splitLines(bytes)) {
      line += 1;
      walk.signature ??= findSigningKey(text, walk.process, keys);
      const why = readLine(walk, text, isComplete, wanted);
      if (why === null) continue;
      walk.broken = { file, line, why };
      break;
    }
  }
  return walk;
}

function* splitLines(file: Buffer): Generator<{ readonly text: Buffer; readonly isComplete: boolean }> {
  for (let at = 0; at < file.length; ) {
    const feed = file.indexOf('\n', at);
    const end = feed === -1 ? file.length : feed;
    yield { text: file.subarray(at, end), isComplete: feed !== -1 };
    at = end + 1;
  }
}

/** Appends a line to the walk, or returns its fault. */
function readLine(walk: ChainWalk, line: Buffer, isComplete: boolean, wanted: ReadonlySet<number>): string | null {
  const { id, key } = walk.signature ?? { id: null, key: null };
  if (key === 'foreign') return `its key ${id} is the webhook's: the holder of that key added it`;
  if (walk.end !== 'open') return `expected nothing after the ${walk.end} end of its chain: it was added`;
  if (!isComplete) {
    if (!isTornLine(walk.link, line, key)) return 'it has no line feed and is not an interrupted line: it was changed';
    walk.end = 'torn';
    return null;
  }
  const next = checkLine(walk.link, line, key);
  if ('fault' in next) return next.fault;
  walk.link = next;
  if (wanted.has(next.n)) walk.hashes.set(next.n, next.hash);
  const act = parseAct(line);
  if (act === null) return 'expected JSON, got other text: Chartway did not write it';
  if (act.did === 'stop') walk.end = 'closed';
  if (act.did === 'prune') walk.prunes.push(...String(act.detail).split(' '));
  return null;
}

/** The key that the first line names. */
function findSigningKey(firstLine: Buffer, processName: string | null, keys: AuditKeys) {
  const id = readKeyId(firstLine);
  return { id, key: id === null ? null : (keys.find(id, processName ?? '') ?? 'unknown') } as const;
}

/** Null for text that is not JSON: an unsigned hash can be computed for any text. */
function parseAct(line: Buffer): { readonly did?: unknown; readonly detail?: unknown } | null {
  try {
    return JSON.parse(line.toString());
  } catch {
    return null;
  }
}

/** The strength of the chain's key; null: no line of the chain is proven. */
type Strength = 0 | 1 | 2 | null;

function strengthOf({ link, signature }: ChainWalk): Strength {
  if (signature === null || signature.key === 'unknown' || signature.key === 'foreign' || link.n === 0) return null;
  return signature.key?.strength ?? 0;
}

/**
 * The chains that this one validly records as pruned: chains of its own process, and if keys are expected only in a signed chain. Otherwise
 * anyone with write access to the folder could explain a removed chain.
 */
function trustedPrunes(walk: ChainWalk & { result: ChainResult; strength: Strength }, keys: AuditKeys): string[] {
  const isTrusted = !keys.expects(walk.process ?? '') || (walk.strength !== null && walk.strength > 0);
  if (!isTrusted || walk.result.weaker) return [];
  return walk.prunes.filter((chain) => processOfChain(chain) === walk.process);
}

function chainOf(file: string): string | null {
  return parseFileName(file)?.chain ?? null;
}

/** A checkpoint after the fault of its chain gives no new information. */
function mismatchesOf(
  checkpoint: AuditCheckpoint,
  { lines, broken, unread }: ChainResult,
  hash: string | undefined,
): CheckpointMismatch[] {
  if (hash !== undefined) return [{ checkpoint, why: `line ${checkpoint.lines} of its chain has another hash` }];
  if (broken || unread) return [];
  const why = `expected ${checkpoint.lines} lines of its chain, got ${lines}: its end was cut off`;
  return [{ checkpoint, why }];
}

/** The checkpoints in the text of any log. Other lines are ignored. */
export function parseCheckpoints(text: string): readonly AuditCheckpoint[] {
  return text.split('\n').flatMap((line) => {
    if (!line.includes('"audit-head"')) return [];
    try {
      const parsed: Partial<AuditCheckpoint> | null = JSON.parse(line.slice(line.indexOf('{')));
      if (parsed?.event !== 'audit-head' || typeof parsed.file !== 'string' || typeof parsed.hash !== 'string')
        return [];
      return Number.isInteger(parsed.lines) ? [parsed as AuditCheckpoint] : [];
    } catch {
      return [];
    }
  });
}
