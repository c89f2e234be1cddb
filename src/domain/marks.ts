import { versionOf } from './instants';
import type { Format } from './reports';

/**
 * What is remembered of documents in few bytes, for applicants with so many that their entries would not fit into Temporal's payloads: a hash of
 * report id and format to tokens, one a version. A token is a letter (s stored, n not offered, f failed for good) and a hash of the version.
 */
export type Marks = Readonly<Record<string, string>>;

/** One format of one version of a report. */
export interface MarkedDocument {
  readonly reportId: string;
  readonly format: Format;
  readonly updatedAt: string | null;
}

export type Mark = 'stored' | 'not-offered' | 'failed';

const LETTER_OF: Readonly<Record<Mark, string>> = { stored: 's', 'not-offered': 'n', failed: 'f' };
const MARK_OF: Readonly<Record<string, Mark>> = { s: 'stored', n: 'not-offered', f: 'failed' };
/** 36 bits tell the few versions of one report apart. */
const VERSION_CHARACTERS = 7;
const TOKEN_CHARACTERS = 1 + VERSION_CHARACTERS;
/** An older version that is listed once more is downloaded once more, which changes nothing. */
const VERSIONS_MOST = 4;

/** `marks` with the versions that are new to them; the newest mark of a version counts. */
export function withMarks(marks: Marks, added: Iterable<readonly [MarkedDocument, Mark]>): Marks {
  const next: Record<string, string> = { ...marks };
  for (const [document, mark] of added) {
    const key = markKey(document);
    const version = versionHash(document.updatedAt);
    const kept = tokensOf(next[key]).filter((token) => token.slice(1) !== version);
    next[key] = [...kept, `${LETTER_OF[mark]}${version}`].slice(-VERSIONS_MOST).join('');
  }
  return next;
}

/** What is remembered of this very version; null for nothing. */
export function markOf(marks: Marks, document: MarkedDocument): Mark | null {
  const tokens = marks[markKey(document)];
  if (tokens === undefined) return null;
  const version = versionHash(document.updatedAt);
  const token = tokensOf(tokens).find((one) => one.slice(1) === version);
  return token === undefined ? null : (MARK_OF[token.slice(0, 1)] ?? null);
}

/** True where some version is stored. */
export function hasStoredMark(marks: Marks, { reportId, format }: Omit<MarkedDocument, 'updatedAt'>): boolean {
  return isStoredMark(marks[markKey({ reportId, format })]);
}

/** How many documents are stored, each counted once whatever its versions are. */
export function storedMarks(marks: Marks): number {
  return Object.values(marks).filter(isStoredMark).length;
}

function isStoredMark(tokens: string | undefined): boolean {
  return tokensOf(tokens).some((token) => token.startsWith(LETTER_OF.stored));
}

function tokensOf(tokens = ''): string[] {
  return tokens.match(new RegExp(`.{${TOKEN_CHARACTERS}}`, 'g')) ?? [];
}

function markKey({ reportId, format }: Omit<MarkedDocument, 'updatedAt'>): string {
  return textHash(`${reportId}|${format}`);
}

function versionHash(updatedAt: string | null): string {
  return textHash(versionOf(updatedAt)).slice(-VERSION_CHARACTERS);
}

/** 53 bits of a text (cyrb53) in 11 digits of base 36: workflow code has no node:crypto, and of 20,000 documents two meet once in 10^7 applicants. */
export function textHash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return ((low & 0x1fffff) * 2 ** 32 + (high >>> 0)).toString(36).padStart(11, '0');
}
