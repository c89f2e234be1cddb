import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AuditKey,
  type AuditKeys,
  type ChainLink,
  chainStart,
  checkLine,
  isAuditedProcess,
  isTornLine,
  keyIdIn,
  processOfChain,
} from './audit-chain';

/** What was found of one chain. */
export interface ChainResult {
  readonly chain: string;
  readonly files: readonly string[];
  readonly lines: number;
  readonly hash: string;
  /**
   * `closed`: its process ended in order; `open`: it runs, was killed, or whole lines were cut off; `torn`: what stands behind the last line is the
   * beginning of the next one, as a kill in mid-write leaves it. Of the last two only a head that was kept tells that nothing was cut off.
   */
  readonly end: 'closed' | 'open' | 'torn';
  /** The id of the key that signed it; null: none did, so that anyone who can write the folder can have written it. */
  readonly key: string | null;
  /** False: its key is not among those given, or it has none and a key was expected, so only the order of its lines was checked. */
  readonly proven: boolean;
  /** It began after another chain of its process that a stronger key had signed: someone added it, or the key was unset since. */
  readonly weaker: boolean;
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

/** A file of a chain. */
export interface ChainFile {
  readonly file: string;
  readonly part: number;
}

/**
 * Follows a chain from its beginning through its files. `wanted`: the lines whose hashes are given back. `without`: the chains that it says were
 * removed for their age. `strength`: of its key; null where nothing of it is proven.
 */
export async function followChain(
  folder: string,
  chain: string,
  files: readonly ChainFile[],
  wanted: ReadonlySet<number>,
  keys: AuditKeys,
) {
  const inOrder = [...files].sort((a, b) => a.part - b.part);
  let link: ChainLink = chainStart(chain);
  let end: ChainResult['end'] = 'open';
  const processName = processOfChain(chain);
  let broken: BrokenLink | null = isAuditedProcess(processName)
    ? null
    : {
        file: inOrder[0]?.file ?? chain,
        line: 1,
        why: `no process of Chartway is called ${processName}: its chain was put in`,
      };
  let unread: ChainResult['unread'] = null;
  /** Of the first line; undefined before it was read. */
  let signed: { readonly id: string | null; readonly key: AuditKey | 'unknown' | 'foreign' | null } | undefined;
  const without: string[] = [];
  /** Of the lines at which a checkpoint was printed. */
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
      signed ??= findSigningKey(text, chain, keys);
      const { id, key } = signed;
      if (key === 'foreign') {
        broken = { file, line, why: `its key ${id} is the webhook's: the holder of that key added it` };
        break;
      }
      if (end !== 'open')
        broken = { file, line, why: `expected nothing behind the ${end} end of its chain: it was put in` };
      else if (feed === -1 && isTornLine(link, text, key)) end = 'torn';
      else {
        const next = checkLine(link, text, key);
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
  const found: ChainResult = {
    ...{ chain, files: inOrder.map(({ file }) => file) },
    ...{ lines: link.n, hash: link.hash, key: signed?.id ?? null, proven: signed?.key !== 'unknown', weaker: false },
    ...{ end, broken, unread },
  };
  return { found, without, hashes, strength: strengthOf(link, signed?.key) };
}

/** Whose key the first line names; a key that is not there is `unknown`. */
function findSigningKey(firstLine: Buffer, chain: string, keys: AuditKeys) {
  const id = keyIdIn(firstLine);
  return { id, key: id === null ? null : (keys.find(id, processOfChain(chain) ?? '') ?? 'unknown') } as const;
}

function strengthOf(link: ChainLink, key: AuditKey | 'unknown' | 'foreign' | null | undefined): 0 | 1 | 2 | null {
  if (key === undefined || key === 'unknown' || key === 'foreign' || link.n === 0) return null;
  return key === null ? 0 : key.strength;
}

/** Whoever can write the folder can give a hash to anything. */
function actIn(line: Buffer): { readonly did?: unknown; readonly detail?: unknown } | null {
  try {
    return JSON.parse(line.toString());
  } catch {
    return null;
  }
}
