import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditEntry, parseFileName } from './audit-chain';

/** A line of the audit log. The order of lines is that of `at` (ISO 8601), then `chain`, then `n`. */
export interface AuditLine {
  readonly at: string;
  readonly chain: string;
  /** Counts the lines of the chain from 1. */
  readonly n: number;
  readonly entry: AuditEntry;
}

export type AuditPosition = Pick<AuditLine, 'at' | 'chain' | 'n'>;

/** A part of the audit log cannot be read, so nothing is answered. */
export class AuditUnreadable extends Error {
  override readonly name = 'AuditUnreadable';
  readonly kind = 'audit-unreadable';

  /** `file`: null: the folder. */
  constructor(file: string | null, why: string) {
    super(
      `the audit log cannot be read (${file ?? 'the folder'}: ${why}); check AUDIT_LOG and its permissions, and run chartway audit verify`,
    );
  }
}

/** Our own lines have a few hundred bytes. */
const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 10;

/**
 * The newest lines before a position that match, newest first; at most `limit`. Reads every file of every chain as a stream, because a clock may step
 * back within a chain, and holds no more than twice the limit. A last line without line feed was never acknowledged and is left out. Does not
 * verify the chains. @throws {AuditUnreadable} for a folder, file or line that cannot be read
 */
export async function readNewestLines(
  folder: string,
  {
    clientUserId,
    who,
    before,
    limit,
  }: {
    readonly clientUserId?: string | undefined;
    readonly who?: string | undefined;
    readonly before: AuditPosition | null;
    readonly limit: number;
  },
): Promise<readonly AuditLine[]> {
  // Most lines do not match, and are not parsed.
  const needles = Object.entries({ clientUserId, who }).flatMap(([field, value]) =>
    value === undefined ? [] : [Buffer.from(`"${field}":${JSON.stringify(value)}`)],
  );
  let newest: AuditLine[] = [];
  for (const file of await listFiles(folder)) {
    const { chain } = file;
    let number = 0;
    for await (const text of readLines(folder, file.name)) {
      number += 1;
      if (!needles.every((needle) => text.includes(needle))) continue;
      const line = parseLine(text, chain);
      if (line === null) throw new AuditUnreadable(file.name, `line ${number} is not a line of the audit log`);
      const { entry } = line;
      const isWanted =
        (clientUserId === undefined || entry.clientUserId === clientUserId) && (who === undefined || entry.who === who);
      if (isWanted && (before === null || comparePositions(line, before) < 0)) newest.push(line);
      if (newest.length >= 2 * limit) newest = takeNewest(newest, limit);
    }
  }
  return takeNewest(newest, limit);
}

/** Below zero if `a` is the earlier line. */
export function comparePositions(a: AuditPosition, b: AuditPosition): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  if (a.chain !== b.chain) return a.chain < b.chain ? -1 : 1;
  return a.n - b.n;
}

function takeNewest(lines: AuditLine[], limit: number): AuditLine[] {
  return lines.sort((a, b) => comparePositions(b, a)).slice(0, limit);
}

async function listFiles(folder: string): Promise<readonly { readonly name: string; readonly chain: string }[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new AuditUnreadable(null, codeOf(error));
  });
  return names.flatMap((name) => {
    const chain = parseFileName(name)?.chain;
    return chain === undefined ? [] : [{ name, chain }];
  });
}

/** The complete lines of a file, without their line feeds. None if it was pruned meanwhile. */
async function* readLines(folder: string, file: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(join(folder, file)) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, at)) {
        yield bytes.subarray(at, end);
        at = end + 1;
      }
      rest = bytes.subarray(at);
      if (rest.length > MAX_LINE_BYTES) throw new AuditUnreadable(file, 'a line is too long');
    }
  } catch (error) {
    if (error instanceof AuditUnreadable) throw error;
    if (codeOf(error) === 'ENOENT') return;
    throw new AuditUnreadable(file, codeOf(error));
  }
}

/** Null for any other text. */
function parseLine(text: Buffer, chain: string): AuditLine | null {
  try {
    const { n, at, ...entry } = JSON.parse(text.toString()) as Partial<AuditLine> & AuditEntry;
    const isLine = typeof n === 'number' && typeof at === 'string' && typeof entry.who === 'string';
    return isLine && typeof entry.did === 'string' ? { at, chain, n, entry } : null;
  } catch {
    return null;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'an unknown failure';
}
