import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { AuditCheckpoint } from './audit';
import { type AuditKeys, beganBefore, parseFileName, processOfChain } from './audit-chain';
import { type ChainFile, type ChainResult, followChain } from './audit-follow';

export type { ChainResult as ChainFound } from './audit-follow';

/** What was found of a folder of the audit log. */
export interface AuditVerification {
  readonly chains: readonly ChainResult[];
  /** Heads that no chain bears out: lines were cut off or replaced, or files taken away. */
  readonly missing: readonly { readonly head: AuditCheckpoint; readonly why: string }[];
  /** How many heads are borne out. The others are missing, of chains that are broken or unread before them, or of pruned ones. */
  readonly verifiedCount: number;
  /** Chains that were removed for their age, as the log itself says. */
  readonly pruned: readonly string[];
}

const NO_KEYS: AuditKeys = { signing: null, expects: () => false, find: () => null };

/** What is to be thought of a chain; `empty`: it has no whole line, so that nothing in it can be checked. */
export type Verdict = 'holds' | 'broken' | 'unread' | 'empty' | 'weaker' | 'unproven';

export function verdictOf({ broken, unread, lines, weaker, proven }: ChainResult): Verdict {
  if (unread) return 'unread';
  if (broken) return 'broken';
  if (lines === 0) return 'empty';
  if (weaker) return 'weaker';
  return proven ? 'holds' : 'unproven';
}

/**
 * Follows every chain of the folder (or of the one that a file belongs to) from its beginning, and holds the heads against them. It proves that
 * no line was changed, moved, put in or taken out before a head that was kept elsewhere. Only someone with the key can write a chain that is
 * keyed. Anyone who can write the folder can write one that is not, under any date: it is not proven where a key is expected, unless it began
 * before `unkeyedBefore`, and `weaker` once its process has had a key.
 * @throws the system's error for a folder that cannot be read
 */
export async function verifyAudit(
  place: string,
  heads: readonly AuditCheckpoint[] = [],
  keys: AuditKeys = NO_KEYS,
  unkeyedBefore: Date | null = null,
): Promise<AuditVerification> {
  const only = parseFileName(basename(place));
  const folder = only ? dirname(place) : place;
  // A chain that is verified alone is compared with the others of its process all the same.
  const parts = await chainsIn(folder, only?.process ?? null);
  const followed: (Awaited<ReturnType<typeof followChain>> & { readonly process: string | null })[] = [];
  const missing: { readonly head: AuditCheckpoint; readonly why: string }[] = [];
  let borneOut = 0;
  for (const [chain, files] of [...parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const wanted = heads.filter(({ file }) => chainOf(file) === chain && (!only || chain === only.chain));
    const one = await followChain(folder, chain, files, new Set(wanted.map(({ lines }) => lines)), keys);
    const before = followed.filter(({ process }) => process === processOfChain(chain));
    const strongest = Math.max(0, ...before.map(({ strength }) => strength ?? 0));
    const weaker = one.strength !== null && one.strength < strongest;
    const isAccepted = unkeyedBefore !== null && beganBefore(chain, unkeyedBefore);
    const proven = one.found.proven && (one.strength !== 0 || isAccepted || !keys.expects(processOfChain(chain) ?? ''));
    followed.push({ ...one, found: { ...one.found, weaker, proven }, process: processOfChain(chain) });
    for (const head of wanted) {
      if (one.hashes.get(head.lines) === head.hash) borneOut += 1;
      else missing.push(...missingCheckpoints(head, one.found, one.hashes.get(head.lines)));
    }
  }
  const pruned = new Set(followed.flatMap((each) => prunedChains(each, keys)));
  const absent = heads.filter(({ file }) => {
    const chain = chainOf(file);
    return chain === undefined || !(parts.has(chain) || pruned.has(chain) || (only && chain !== only.chain));
  });
  missing.push(...absent.map((head) => ({ head, why: 'its file is not there' })));
  const chains = followed.map(({ found }) => found).filter(({ chain }) => !only || chain === only.chain);
  return { chains, missing, verifiedCount: borneOut, pruned: [...pruned] };
}

/** The files of each chain of a folder, of all processes or of one. */
async function chainsIn(
  folder: string,
  processName: string | null,
): Promise<ReadonlyMap<string, readonly ChainFile[]>> {
  const parts = new Map<string, ChainFile[]>();
  for (const file of await readdir(folder)) {
    const of = parseFileName(file);
    if (!of || (processName !== null && of.process !== processName)) continue;
    parts.set(of.chain, [...(parts.get(of.chain) ?? []), { file, part: of.part }]);
  }
  return parts;
}

/**
 * The chains whose absence this one excuses, because it says that they were removed for their age: of its own process, and where keys are
 * there only with one. Otherwise write access to the folder would be enough to excuse a removed chain.
 */
function prunedChains(
  { found, without, strength, process }: Awaited<ReturnType<typeof followChain>> & { readonly process: string | null },
  keys: AuditKeys,
): readonly string[] {
  const trusted = !keys.expects(process ?? '') || (strength !== null && strength > 0);
  return trusted && !found.weaker ? without.filter((chain) => processOfChain(chain) === process) : [];
}

function chainOf(file: string): string | undefined {
  return parseFileName(file)?.chain;
}

/** A head of a chain that is broken or unread before it says nothing new. */
function missingCheckpoints(head: AuditCheckpoint, { lines, broken, unread }: ChainResult, hash: string | undefined) {
  if (hash !== undefined) return [{ head, why: `line ${head.lines} of its chain has another hash` }];
  if (broken || unread) return [];
  return [{ head, why: `expected ${head.lines} lines of its chain, there are ${lines}: its end was cut off` }];
}

/** The heads among lines of any log; everything else there is left out. */
export function parseCheckpoints(text: string): readonly AuditCheckpoint[] {
  return text.split('\n').flatMap((line) => {
    if (!line.includes('"audit-head"')) return [];
    try {
      const read: Partial<AuditCheckpoint> | null = JSON.parse(line.slice(line.indexOf('{')));
      const whole = read?.event === 'audit-head' && typeof read.file === 'string' && typeof read.hash === 'string';
      return whole && Number.isInteger(read.lines) ? [read as AuditCheckpoint] : [];
    } catch {
      return [];
    }
  });
}
