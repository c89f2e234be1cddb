import { createHash } from 'node:crypto';
import { HOUR_MS } from '../domain/policy';
import { type InputFault, InvalidInput } from './errors';

/** Where the next page of a list begins. */
export interface Cursor {
  /** Temporal's page token, in base64. */
  readonly token: string;
  /** When the first page was read, ms since 1970. */
  readonly beganAtMs: number;
}

const VERSION = 1;
const EXPIRES_AFTER_MS = 24 * HOUR_MS;
const CHECKSUM_BYTES = 8;

/** `filters`: all that decides which applicants the list has. The text is opaque to callers and holds no secret; its checksum finds mistakes. */
export function encodeCursor(cursor: Cursor, filters: unknown, nowMs: number): string {
  const { token, beganAtMs } = cursor;
  const text = JSON.stringify({
    v: VERSION,
    token,
    beganAtMs,
    issuedAtMs: nowMs,
    filters: hash(JSON.stringify(filters)),
  });
  return Buffer.concat([checksum(text), Buffer.from(text)]).toString('base64url');
}

/** @throws {InvalidInput} if the cursor was altered, is older than a day, or belongs to other filters */
export function decodeCursor(cursor: string, filters: unknown, nowMs: number): Cursor {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.subarray(CHECKSUM_BYTES).toString();
  const isWhole = bytes.toString('base64url') === cursor && checksum(text).equals(bytes.subarray(0, CHECKSUM_BYTES));
  if (!isWhole) throw invalid('altered', 'a cursor as the answer of this list has it');
  const { v, token, beganAtMs, issuedAtMs, filters: filtersHash } = JSON.parse(text) as Record<string, unknown>;
  const isKnown = v === VERSION && typeof token === 'string' && typeof beganAtMs === 'number';
  if (!isKnown || typeof issuedAtMs !== 'number') throw invalid('altered', 'a cursor of this version');
  if (nowMs - issuedAtMs > EXPIRES_AFTER_MS) throw invalid('expired', 'a cursor of the last 24 hours');
  if (filtersHash !== hash(JSON.stringify(filters)))
    throw invalid('other-filters', 'the cursor of a list with the same filters');
  return { token, beganAtMs };
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
