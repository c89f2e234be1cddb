import type { Format } from './reports';
import { hashText } from './text-hash';

/**
 * What is remembered of documents in few bytes, for applicants with so many that their entries would not fit into Temporal's payloads: a hash of
 * report id and format to tokens, one a version. A token is a letter (s stored, n not offered, f failed for good) and a hash of the version.
 */
export type Marks = Readonly<Record<string, string>>;

/** One format of one version (instants' versionOf) of a report. */
export interface MarkedDocument {
  readonly reportId: string;
  readonly format: Format;
  readonly version: string;
}

export type Mark = 'stored' | 'not-offered' | 'failed';

const LETTER_OF: Readonly<Record<Mark, string>> = { stored: 's', 'not-offered': 'n', failed: 'f' };
const MARK_OF: Readonly<Record<string, Mark>> = { s: 'stored', n: 'not-offered', f: 'failed' };
/** 32 bits tell the few versions of one report apart. */
const VERSION_CHARACTERS = 7;
const TOKEN_CHARACTERS = 1 + VERSION_CHARACTERS;
/** An older version that is listed once more is downloaded once more, which changes nothing. */
const MAX_VERSIONS = 4;

/** Where a document's mark stands: worked out once for what is looked up often. */
export interface MarkLocation {
  readonly key: string;
  readonly version: string;
}

export function locateMark(document: MarkedDocument): MarkLocation {
  return { key: markKey(document.reportId, document.format), version: versionHash(document.version) };
}

/** `marks` with the versions that are new to them; the newest mark of a version counts. */
export function withMarks(marks: Marks, added: Iterable<readonly [MarkedDocument, Mark]>): Marks {
  const next: Record<string, string> = { ...marks };
  for (const [document, mark] of added) {
    const { key, version } = locateMark(document);
    const kept = splitTokens(next[key] ?? '').filter((token) => token.slice(1) !== version);
    next[key] = [...kept, `${LETTER_OF[mark]}${version}`].slice(-MAX_VERSIONS).join('');
  }
  return next;
}

/** What is remembered of this very version; null for nothing. */
export function findMark(marks: Marks, { key, version }: MarkLocation): Mark | null {
  const tokens = marks[key] ?? '';
  for (let at = 0; at < tokens.length; at += TOKEN_CHARACTERS) {
    if (tokens.startsWith(version, at + 1)) return MARK_OF[tokens.charAt(at)] ?? null;
  }
  return null;
}

/** True where some version is stored. */
export function hasStoredMark(marks: Marks, key: string): boolean {
  return isStored(marks[key] ?? '');
}

interface Count {
  readonly all: number;
  readonly stored: number;
}

const countByMarks = new WeakMap<Marks, Count>();

/** How many documents there are marks of, and how many of them are stored in some version. */
export function countMarks(marks: Marks): Count {
  const known = countByMarks.get(marks);
  if (known) return known;
  const all = Object.values(marks);
  const count = { all: all.length, stored: all.filter(isStored).length };
  countByMarks.set(marks, count);
  return count;
}

function isStored(tokens: string): boolean {
  for (let at = 0; at < tokens.length; at += TOKEN_CHARACTERS) if (tokens[at] === LETTER_OF.stored) return true;
  return false;
}

function splitTokens(tokens: string): string[] {
  const all: string[] = [];
  for (let at = 0; at < tokens.length; at += TOKEN_CHARACTERS) all.push(tokens.slice(at, at + TOKEN_CHARACTERS));
  return all;
}

/** Under which a document has its mark. */
export function markKey(reportId: string, format: Format): string {
  return shortHash(`${reportId}|${format}`);
}

function versionHash(version: string): string {
  return shortHash(version).slice(-VERSION_CHARACTERS);
}

/** A text's hash in 14 digits of base 36. */
export function shortHash(text: string): string {
  return hashText(text).map(digits).join('');
}

/** 32 bits in 7 digits; larger numbers are converted slowly. */
function digits(bits: number): string {
  return bits.toString(36).padStart(7, '0');
}
