import { createHash } from 'node:crypto';

/**
 * A segment has one record per line: `1p <checksum> <length> <payload>`, with `s` for an encrypted payload (base64). A payload has no line feed,
 * so the line after damaged bytes is a record again. The checksum covers the form (as a word) and the payload.
 */
export type LineForm = 'plain' | 'sealed';

/** `bytes`: the whole line, as it may be written again. */
export type ScannedLine =
  | { readonly kind: 'record'; readonly form: LineForm; readonly payload: Buffer; readonly bytes: Buffer }
  /** Bytes that were written whole and are not a record: a flipped bit, a lost sector. */
  | { readonly kind: 'damaged'; readonly bytes: Buffer }
  /** The end of an interrupted write, so the notice was never acknowledged. */
  | { readonly kind: 'torn'; readonly bytes: Buffer };

const LINE_FEED = 0x0a;
/** 64 bits, so that damaged bytes practically never match. */
const CHECKSUM_DIGITS = 16;
const HEADER = /^1([ps]) ([0-9a-f]{16}) ([1-9]\d{0,8}) /;
const MAX_HEADER_BYTES = 2 + 1 + CHECKSUM_DIGITS + 1 + 9 + 1;

/** The line of a record. `payload` must not contain a line feed. */
export function encodeLine(form: LineForm, payload: Buffer): Buffer {
  const letter = form === 'plain' ? 'p' : 's';
  const header = `1${letter} ${checksum(form, payload)} ${payload.length} `;
  return Buffer.concat([Buffer.from(header, 'latin1'), payload, Buffer.of(LINE_FEED)]);
}

/** The lines of a segment, whatever bytes it has. Adjacent damaged lines are one. */
export function* scanSegment(segment: Buffer): Generator<ScannedLine, void, undefined> {
  let damagedFrom: number | null = null;
  let at = 0;
  const takeDamaged = (): ScannedLine[] => {
    const bytes = damagedFrom === null ? null : segment.subarray(damagedFrom, at);
    damagedFrom = null;
    return bytes === null ? [] : [{ kind: 'damaged', bytes }];
  };
  while (at < segment.length) {
    const record = recordAt(segment, at);
    if (record !== null) {
      yield* takeDamaged();
      yield record;
      at += record.bytes.length;
      continue;
    }
    const end = segment.indexOf(LINE_FEED, at);
    if (end < 0) {
      yield* takeDamaged();
      yield { kind: 'torn', bytes: segment.subarray(at) };
      return;
    }
    damagedFrom ??= at;
    at = end + 1;
  }
  yield* takeDamaged();
}

function recordAt(segment: Buffer, at: number): Extract<ScannedLine, { kind: 'record' }> | null {
  const header = HEADER.exec(segment.toString('latin1', at, at + MAX_HEADER_BYTES));
  if (header === null) return null;
  const [text, letter, expected, length] = header;
  const start = at + text.length;
  const end = start + Number(length);
  if (end > segment.length) return null;
  const form = letter === 'p' ? 'plain' : 'sealed';
  const payload = segment.subarray(start, end);
  // A payload that matches its checksum is whole, even if its line feed is missing or damaged.
  if (checksum(form, payload) !== expected) return null;
  return { kind: 'record', form, payload, bytes: segment.subarray(at, end + 1) };
}

function checksum(form: LineForm, payload: Buffer): string {
  return createHash('sha256').update(form).update(payload).digest('hex').slice(0, CHECKSUM_DIGITS);
}
