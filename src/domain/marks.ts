import type { Format } from './reports';
import { hashText } from './text-hash';

/**
 * The results of downloads in few bytes, for applicants with too many documents for Temporal's payloads. Key: a hash of report id and format. Value:
 * one token per version, with a letter (s: stored, n: not offered, f: finally failed) and a hash of the version. Payloads have this form.
 */
export type Marks = Readonly<Record<string, string>>;

/** One format of one version of a report. `version` is made by versionName in instants. */
export interface MarkedDocument {
  readonly reportId: string;
  readonly format: Format;
  readonly version: string;
}

export type Mark = 'stored' | 'not-offered' | 'failed';

const LETTER_OF: Readonly<Record<Mark, string>> = { stored: 's', 'not-offered': 'n', failed: 'f' };
const MARK_OF: Readonly<Record<string, Mark>> = { s: 'stored', n: 'not-offered', f: 'failed' };
/** 32 bits are enough for the few versions of one report. */
const VERSION_CHARACTERS = 7;
const TOKEN_CHARACTERS = 1 + VERSION_CHARACTERS;
/** How many versions of a document keep marks. An older one that is listed again is downloaded again, which changes nothing. */
const MAX_VERSIONS = 4;

/** Where the mark of a document is. Computed once per document, because marks are looked up often. */
export interface MarkLocation {
  readonly key: string;
  readonly version: string;
}

export function locateMark(document: MarkedDocument): MarkLocation {
  return { key: markKey(document.reportId, document.format), version: versionHash(document.version) };
}

/** A new mark of a version replaces its old one. */
export function withMarks(marks: Marks, added: Iterable<readonly [MarkedDocument, Mark]>): Marks {
  const next: Record<string, string> = { ...marks };
  for (const [document, mark] of added) {
    const { key, version } = locateMark(document);
    const kept = splitTokens(next[key] ?? '').filter((token) => token.slice(1) !== version);
    next[key] = [...kept, `${LETTER_OF[mark]}${version}`].slice(-MAX_VERSIONS).join('');
  }
  return next;
}

/** The mark of this version, or null. */
export function findMark(marks: Marks, { key, version }: MarkLocation): Mark | null {
  const tokens = marks[key] ?? '';
  for (let at = 0; at < tokens.length; at += TOKEN_CHARACTERS) {
    if (tokens.startsWith(version, at + 1)) return MARK_OF[tokens.charAt(at)] ?? null;
  }
  return null;
}

/** True if any version is stored. */
export function hasStoredMark(marks: Marks, key: string): boolean {
  return isStored(marks[key] ?? '');
}

interface Count {
  readonly all: number;
  readonly stored: number;
}

/** A cache. Marks never change, so replays agree. */
const countByMarks = new WeakMap<Marks, Count>();

/** How many documents have marks, and how many of them have a stored version. */
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

export function markKey(reportId: string, format: Format): string {
  return shortHash(`${reportId}|${format}`);
}

function versionHash(version: string): string {
  return shortHash(version).slice(-VERSION_CHARACTERS);
}

/** A hash of 64 bits, in 14 digits of base 36. */
export function shortHash(text: string): string {
  return hashText(text).map(digits).join('');
}

/** 32 bits in 7 digits. */
function digits(bits: number): string {
  return bits.toString(36).padStart(7, '0');
}
