import { encodeLine, type ScannedLine, scanSegment } from '../../src/spool/frame';
import { fc } from '../support/property';

const texts = (lines: Iterable<ScannedLine>) =>
  [...lines].flatMap((line) => (line.kind === 'record' ? [line.payload.toString()] : []));
const kinds = (lines: Iterable<ScannedLine>) => [...lines].map(({ kind }) => kind);
const segmentOf = (payloads: readonly string[]) =>
  Buffer.concat(payloads.map((text, n) => encodeLine(n % 2 === 0 ? 'plain' : 'sealed', Buffer.from(text))));

const PAYLOADS = ['1 {"a":"ä"}', '2 x', '3 {"b":1} 1p 0123456789abcdef 3 abc'];

test('records are read in the order of writing', () => {
  expect(texts(scanSegment(segmentOf(PAYLOADS)))).toEqual(PAYLOADS);
});

test('a segment cut at any byte has every whole record and at most one torn end', () => {
  const segment = segmentOf(PAYLOADS);
  const lengths = PAYLOADS.map((text, n) => encodeLine(n % 2 === 0 ? 'plain' : 'sealed', Buffer.from(text)).length);
  for (let cut = 0; cut <= segment.length; cut += 1) {
    const found = [...scanSegment(segment.subarray(0, cut))];
    let end = 0;
    const whole = PAYLOADS.filter((_text, n) => {
      end += lengths[n] ?? 0;
      return end - 1 <= cut; // without its line feed the checksum still matches
    });
    expect(texts(found)).toEqual(whole);
    const rest = kinds(found).slice(whole.length);
    expect(rest.length).toBeLessThanOrEqual(1);
    expect(rest.every((kind) => kind === 'torn')).toBe(true);
  }
});

test('a flipped bit damages at most its own record, which is reported', () => {
  const segment = segmentOf(PAYLOADS);
  for (let at = 0; at < segment.length * 8; at += 1) {
    const flipped = Buffer.from(segment);
    flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
    const found = [...scanSegment(flipped)];
    const readable = texts(found);
    expect(readable.length).toBeGreaterThanOrEqual(PAYLOADS.length - 1);
    expect(PAYLOADS).toEqual(expect.arrayContaining(readable));
    if (readable.length < PAYLOADS.length) expect(kinds(found)).toContain('damaged');
    expect(Buffer.concat(found.map(({ bytes }) => bytes)).length).toBeGreaterThanOrEqual(flipped.length - 1);
  }
});

test('with any bytes between records, every whole record after a line feed is found and no byte is lost', () => {
  const junk = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]));
  const record = fc
    .string({ minLength: 1, maxLength: 40 })
    .map((text) => encodeLine('plain', Buffer.from(text.replaceAll('\n', ' '))));
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          record.map((line) => ({ line, good: true })),
          junk.map((line) => ({ line, good: false })),
        ),
        { maxLength: 12 },
      ),
      (pieces) => {
        const segment = Buffer.concat(pieces.map(({ line }) => line));
        const found = [...scanSegment(segment)];
        const records = found.flatMap((line) => (line.kind === 'record' ? [line.bytes.toString('latin1')] : []));
        const good = pieces.flatMap(({ line, good }) => (good ? [line.toString('latin1')] : []));
        expect(records).toEqual(good);
        expect(Buffer.concat(found.map(({ bytes }) => bytes)).equals(segment)).toBe(true);
      },
    ),
  );
});
