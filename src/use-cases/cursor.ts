import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HOUR_MS } from '../domain/policy';
import { type InputFault, InvalidInput } from './errors';

/** Where the next page of a list begins. */
export interface Cursor {
  /** Temporal's page token, in base64. */
  readonly token: string;
  /** When the first page was read, ms since 1970. */
  readonly beganAtMs: number;
  /** Tags of the applicants that were listed, and would be listed again where an earlier round of them stands. */
  readonly listed: readonly string[];
}

/** A cursor is part of a URL. Applicants beyond these may be listed twice. */
export const MAX_LISTED_TAGS = 150;

const VERSION = 1;
const EXPIRES_AFTER_MS = 24 * HOUR_MS;
const CHECKSUM_BYTES = 8;
/** By how much the clocks of two api processes may differ. */
const CLOCK_SKEW_MS = HOUR_MS;

const CONTENT = z.object({
  v: z.literal(VERSION),
  token: z.string(),
  beganAtMs: z.int().min(0),
  listed: z.array(z.string()).max(MAX_LISTED_TAGS),
  issuedAtMs: z.int().min(0),
  filters: z.string(),
});

/** `filters`: everything that selects the applicants of the list. The text is opaque to callers and holds no secret; its checksum finds mistakes. */
export function encodeCursor(cursor: Cursor, filters: unknown, nowMs: number): string {
  const { token, beganAtMs, listed } = cursor;
  const text = JSON.stringify({
    v: VERSION,
    token,
    beganAtMs,
    listed,
    issuedAtMs: nowMs,
    filters: hash(JSON.stringify(filters)),
  });
  return Buffer.concat([checksum(text), Buffer.from(text)]).toString('base64url');
}

/** @throws {InvalidInput} if the cursor was altered, is older than a day, or belongs to other filters */
export function decodeCursor(cursor: string, filters: unknown, nowMs: number): Cursor {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.subarray(CHECKSUM_BYTES).toString();
  const hasChecksum =
    bytes.toString('base64url') === cursor && checksum(text).equals(bytes.subarray(0, CHECKSUM_BYTES));
  if (!hasChecksum) throw alteredCursor();
  const { token, beganAtMs, listed, issuedAtMs, filters: filtersHash } = parseCursorPart(text, CONTENT);
  if (beganAtMs > nowMs + CLOCK_SKEW_MS) throw alteredCursor();
  if (nowMs - issuedAtMs > EXPIRES_AFTER_MS) throw invalid('expired', 'a cursor that is at most 24 hours old');
  if (filtersHash !== hash(JSON.stringify(filters)))
    throw invalid('other-filters', 'the cursor of a list with the same filters');
  return { token, beganAtMs, listed };
}

/** Parses JSON of a cursor. Its checksum is no secret, so any caller can write it. @throws {InvalidInput} */
export function parseCursorPart<Part>(text: string, schema: z.ZodType<Part>): Part {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw alteredCursor();
  }
}

export function alteredCursor(): InvalidInput {
  return invalid('altered', 'the nextCursor of an answer of this list');
}

function invalid(code: string, expected: string): InvalidInput {
  const fault: InputFault = { parameter: 'cursor', code, expected };
  return new InvalidInput('parameters', [fault]);
}

function checksum(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, CHECKSUM_BYTES);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
