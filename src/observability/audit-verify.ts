import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { AuditHead } from './audit';
import { beginningOf, followed, isTornLine, type Link, partOf } from './audit-chain';

/** What was found of one chain. */
export interface ChainFound {
  readonly chain: string;
  readonly files: readonly string[];
  readonly lines: number;
  readonly hash: string;
  /**
   * `closed`: its process ended in order; `open`: it runs, was killed, or whole lines were cut off; `torn`: what stands behind the last line is the
   * beginning of the next one, as a kill in mid-write leaves it. Of the last two only a head that was kept tells that nothing was cut off.
   */
  readonly end: 'closed' | 'open' | 'torn';
  /** The first link that does not hold; null where all do, as far as they could be read. */
  readonly broken: BrokenLink | null;
  /** The first file that could not be read: what stands in it and behind it is not known. Null where all could. */
  readonly unread: { readonly file: string; readonly code: string } | null;
}

export interface BrokenLink {
  readonly file: string;
  /** Within the file, from 1. */
  readonly line: number;
  readonly why: string;
}

/** What was found of a folder of the audit log. */
export interface Verified {
  readonly chains: readonly ChainFound[];
  /** Heads that no chain bears out: lines were cut off or replaced, or files taken away. */
  readonly missing: readonly { readonly head: AuditHead; readonly why: string }[];
  /** How many heads are borne out. The others are missing, of chains that are broken or unread before them, or of pruned ones. */
  readonly borneOut: number;
  /** Chains that were removed for their age, as the log itself says. */
  readonly pruned: readonly string[];
}

interface Part {
  readonly file: string;
  readonly part: number;
}

/**
 * Follows every chain of the folder (or of the one that a file belongs to) from its beginning, and holds the heads against them. It proves that
 * no line was changed, moved, put in or taken out before a head that was kept elsewhere; who can write the folder can write a chain of his own.
 * @throws the system's error for a folder that cannot be read
 */
export async function verifyAudit(place: string, heads: readonly AuditHead[] = []): Promise<Verified> {
  const only = partOf(basename(place));
  const folder = only ? dirname(place) : place;
  const parts = new Map<string, Part[]>();
  for (const file of await readdir(folder)) {
    const of = partOf(file);
    if (!of || (only && of.chain !== only.chain)) continue;
    parts.set(of.chain, [...(parts.get(of.chain) ?? []), { file, part: of.part }]);
  }
  const chains: ChainFound[] = [];
  const pruned = new Set<string>();
  const missing: { readonly head: AuditHead; readonly why: string }[] = [];
  let borneOut = 0;
  for (const [chain, files] of [...parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const wanted = heads.filter(({ file }) => partOf(file)?.chain === chain);
    const { found, without, hashes } = await follow(folder, chain, files, new Set(wanted.map(({ lines }) => lines)));
    chains.push(found);
    for (const name of without) pruned.add(name);
    for (const head of wanted) {
      if (hashes.get(head.lines) === head.hash) borneOut += 1;
      else missing.push(...unmet(head, found, hashes.get(head.lines)));
    }
  }
  const absent = heads.filter(({ file }) => {
    const chain = partOf(file)?.chain;
    return chain === undefined || !(parts.has(chain) || pruned.has(chain) || (only && chain !== only.chain));
  });
  missing.push(...absent.map((head) => ({ head, why: 'its file is not there' })));
  return { chains, missing, borneOut, pruned: [...pruned] };
}

async function follow(folder: string, chain: string, files: readonly Part[], wanted: ReadonlySet<number>) {
  const inOrder = [...files].sort((a, b) => a.part - b.part);
  let link: Link = beginningOf(chain);
  let end: ChainFound['end'] = 'open';
  let broken: BrokenLink | null = null;
  let unread: ChainFound['unread'] = null;
  const without: string[] = [];
  /** Of the lines at which a head was told. */
  const hashes = new Map<number, string>();
  for (const [index, { file, part }] of inOrder.entries()) {
    if (broken || unread) break;
    if (part !== index + 1) {
      broken = {
        file,
        line: 1,
        why: `expected part ${index + 1} of its chain before it: a file was taken away or renamed`,
      };
      break;
    }
    const bytes = await readFile(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      unread = { file, code: error.code ?? 'an unknown failure' };
      return null;
    });
    if (bytes === null) break;
    let line = 0;
    for (let at = 0; at < bytes.length && !broken; ) {
      line += 1;
      const feed = bytes.indexOf('\n', at);
      const text = bytes.subarray(at, feed === -1 ? bytes.length : feed);
      at = feed === -1 ? bytes.length : feed + 1;
      if (end !== 'open')
        broken = { file, line, why: `expected nothing behind the ${end} end of its chain: it was put in` };
      else if (feed === -1 && isTornLine(link, text)) end = 'torn';
      else {
        const next = followed(link, text);
        if (feed === -1)
          broken = {
            file,
            line,
            why: 'it ends without a line feed, and is no beginning of a line: its end was changed',
          };
        else if ('wrong' in next) broken = { file, line, why: next.wrong };
        else {
          link = next;
          if (wanted.has(link.n)) hashes.set(link.n, link.hash);
          const act = actIn(text);
          if (act === null) broken = { file, line, why: 'expected JSON, it is none: it was not written by us' };
          else if (act.did === 'stop') end = 'closed';
          else if (act.did === 'prune') without.push(...String(act.detail).split(' '));
        }
      }
    }
  }
  const found: ChainFound = {
    ...{ chain, files: inOrder.map(({ file }) => file) },
    ...{ lines: link.n, hash: link.hash, end, broken, unread },
  };
  return { found, without, hashes };
}

/** Whoever can write the folder can give a hash to anything. */
function actIn(line: Buffer): { readonly did?: unknown; readonly detail?: unknown } | null {
  try {
    return JSON.parse(line.toString());
  } catch {
    return null;
  }
}

/** A head of a chain that is broken or unread before it says nothing new. */
function unmet(head: AuditHead, { lines, broken, unread }: ChainFound, hash: string | undefined) {
  if (hash !== undefined) return [{ head, why: `line ${head.lines} of its chain has another hash` }];
  if (broken || unread) return [];
  return [{ head, why: `expected ${head.lines} lines of its chain, there are ${lines}: its end was cut off` }];
}

/** The heads among lines of any log; everything else there is left out. */
export function headsIn(text: string): readonly AuditHead[] {
  return text.split('\n').flatMap((line) => {
    if (!line.includes('"audit-head"')) return [];
    try {
      const read: Partial<AuditHead> | null = JSON.parse(line.slice(line.indexOf('{')));
      const whole = read?.event === 'audit-head' && typeof read.file === 'string' && typeof read.hash === 'string';
      return whole && Number.isInteger(read.lines) ? [read as AuditHead] : [];
    } catch {
      return [];
    }
  });
}
