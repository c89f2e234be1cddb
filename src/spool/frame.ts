import { createHash } from 'node:crypto';

/**
 * How a record lies in a segment: one line, `1p <checksum> <length> <payload>`, with `s` for a sealed payload (base64) instead of a plain one.
 * A payload has no line feed in it, so behind any damage the next line is a record again.
 */
export type Form = 'plain' | 'sealed';

/** What is found in a segment, in order. */
export type Found =
  /** `line` is the whole of it, as it may be written again. */
  | { readonly kind: 'record'; readonly form: Form; readonly payload: Buffer; readonly line: Buffer }
  /** Bytes that were written whole and are no record any more: a flipped bit, a lost sector. */
  | { readonly kind: 'damaged'; readonly line: Buffer }
  /** The last write did not come to its end, so it was never acknowledged. */
  | { readonly kind: 'torn'; readonly line: Buffer };

const LINE_FEED = 0x0a;
/** 64 bits: nothing that was not written passes by chance. */
const CHECKSUM_DIGITS = 16;
const HEADER = /^1([ps]) ([0-9a-f]{16}) ([1-9]\d{0,8}) /;
const LONGEST_HEADER = 2 + 1 + CHECKSUM_DIGITS + 1 + 9 + 1;

/** A record's line. `payload` must hold no line feed. */
export function lineOf(form: Form, payload: Buffer): Buffer {
  const letter = form === 'plain' ? 'p' : 's';
  const header = `1${letter} ${checksum(form, payload)} ${payload.length} `;
  return Buffer.concat([Buffer.from(header, 'latin1'), payload, Buffer.of(LINE_FEED)]);
}

/** Reads a segment from its first byte to its last, whatever it holds. Neighbouring damage is one find. */
export function* scan(segment: Buffer): Generator<Found, void, undefined> {
  let damagedFrom: number | null = null;
  let at = 0;
  const damaged = (): Found[] => {
    const found = damagedFrom === null ? [] : [{ kind: 'damaged' as const, line: segment.subarray(damagedFrom, at) }];
    damagedFrom = null;
    return found;
  };
  while (at < segment.length) {
    const record = recordAt(segment, at);
    if (record !== null) {
      yield* damaged();
      yield record;
      at += record.line.length;
      continue;
    }
    const end = segment.indexOf(LINE_FEED, at);
    if (end < 0) {
      yield* damaged();
      yield { kind: 'torn', line: segment.subarray(at) };
      return;
    }
    damagedFrom ??= at;
    at = end + 1;
  }
  yield* damaged();
}

function recordAt(segment: Buffer, at: number): Extract<Found, { kind: 'record' }> | null {
  const header = HEADER.exec(segment.toString('latin1', at, at + LONGEST_HEADER));
  if (header === null) return null;
  const [text, letter, expected, length] = header;
  const start = at + text.length;
  const end = start + Number(length);
  if (end > segment.length) return null;
  const form = letter === 'p' ? 'plain' : 'sealed';
  const payload = segment.subarray(start, end);
  // What the checksum vouches for is whole, even where its line feed is missing or another byte.
  if (checksum(form, payload) !== expected) return null;
  return { kind: 'record', form, payload, line: segment.subarray(at, end + 1) };
}

function checksum(form: Form, payload: Buffer): string {
  return createHash('sha256').update(form).update(payload).digest('hex').slice(0, CHECKSUM_DIGITS);
}
