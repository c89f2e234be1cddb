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
const HEAD = /^\{"n":\d{1,15},"before":"[0-9a-f]{64}","at":"([^"]{1,40})"/;
const HEAD_BYTES = 160;

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
  // Most pieces of a file and most lines lack these, and are not split and parsed. Within a text, JSON escapes the quotes.
  const needles = Object.entries({ clientUserId, who }).flatMap(([field, value]) =>
    value === undefined ? [] : [Buffer.from(`"${field}":${JSON.stringify(value)}`)],
  );
  let newest: AuditLine[] = [];
  // The time of the oldest line that may still be wanted.
  let fromAt = '';
  for (const file of await listFiles(folder)) {
    const { chain } = file;
    for await (const text of readLines(folder, file.name, needles)) {
      if (isOlder(text, fromAt)) continue;
      const line = parseLine(text, chain);
      if (line === null) throw new AuditUnreadable(file.name, 'it has text that is not a line of the audit log');
      if (before === null || comparePositions(line, before) < 0) newest.push(line);
      if (newest.length < 2 * limit) continue;
      newest = takeNewest(newest, limit);
      fromAt = newest.at(-1)?.at ?? '';
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
  // Names begin with the start of their process: the newest first, so that most older lines are skipped.
  return names
    .sort()
    .reverse()
    .flatMap((name) => {
      const chain = parseFileName(name)?.chain;
      return chain === undefined ? [] : [{ name, chain }];
    });
}

/** The complete lines of a file with each of the needles, without their line feeds. None if the file was pruned meanwhile. */
async function* readLines(folder: string, file: string, needles: readonly Buffer[]): AsyncGenerator<Buffer> {
  const mayMatch = (bytes: Buffer) => needles.every((needle) => bytes.includes(needle));
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(join(folder, file)) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const complete = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
      if (mayMatch(complete)) for (const line of splitLines(complete)) if (mayMatch(line)) yield line;
      rest = bytes.subarray(complete.length);
      if (rest.length > MAX_LINE_BYTES) throw new AuditUnreadable(file, 'a line is too long');
    }
  } catch (error) {
    if (error instanceof AuditUnreadable) throw error;
    if (codeOf(error) === 'ENOENT') return;
    throw new AuditUnreadable(file, codeOf(error));
  }
}

function* splitLines(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, at);
    yield bytes.subarray(at, end);
    at = end + 1;
  }
}

/** Whether the time of a line is before an instant; false for any other text. */
function isOlder(text: Buffer, at: string): boolean {
  const own = HEAD.exec(text.toString('latin1', 0, HEAD_BYTES))?.[1];
  return own !== undefined && own < at;
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
