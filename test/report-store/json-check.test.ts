import { JsonCheck } from '../../src/report-store/document/json-check';
import { fc } from '../support/property';

function isJson(bytes: Uint8Array, size = bytes.byteLength): boolean {
  const check = new JsonCheck();
  for (let at = 0; at < bytes.byteLength; at += size) if (!check.take(bytes.subarray(at, at + size))) return false;
  return check.finish();
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the JSON check', () => {
  it('accepts each JSON text, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 1, max: 9 }), (text, size) => {
        expect(isJson(Buffer.from(text), size)).toBe(true);
      }),
    );
  });

  it('agrees with JSON.parse on texts that are almost JSON', () => {
    const fragments = fc.constantFrom(
      ...'{}[]":,\\ \n\t-+.eE0127ufa',
      'true',
      'null',
      'false',
      '"a"',
      '\\u00e9',
      '"\\n"',
      '1.5e+3',
      '\u0001',
      'é',
    );
    const almostJson = fc.oneof(
      fc.array(fragments, { maxLength: 12 }).map((all) => all.join('')),
      fc.tuple(fc.json(), fc.nat(), fragments).map(([text, at, fragment]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + fragment + text.slice(cut + 1);
      }),
    );
    fc.assert(
      fc.property(almostJson, fc.integer({ min: 1, max: 5 }), (text, size) => {
        expect(isJson(Buffer.from(text), size)).toBe(parses(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['0', '-0', '1.5', '1e9', '1E-9', '[1,2]', '[]', '{}', ' [ ] ', '"\\ud83d"', '{"a":{"b":[{}]}}', 'null'])(
    'accepts %s',
    (text) => {
      expect(isJson(Buffer.from(text), 1)).toBe(true);
    },
  );

  it.each([
    ...['', ' ', '01', '1.', '.5', '+1', '1e', '1e+', '-', '[1,]', '{"a":1,}', '{"a"}', '[1}', ']'],
    ...['1 2', 'nul', 'nulll', '"a', '"\\x"', '"\\u12g4"', '"\n"', "'a'", 'NaN'],
  ])('rejects %j', (text) => {
    expect(isJson(Buffer.from(text), 1)).toBe(false);
  });

  it('rejects each incomplete beginning of an object', () => {
    const text = JSON.stringify({ a: [1, 'x\u00e9', { b: null, c: true }], d: -1.5e-3 });
    const bytes = Buffer.from(text);
    for (let length = 0; length < bytes.byteLength; length += 1) expect(isJson(bytes.subarray(0, length))).toBe(false);
    expect(isJson(bytes)).toBe(true);
  });

  it('accepts a byte order mark, and rejects bytes that are not UTF-8', () => {
    expect(isJson(Buffer.from('\ufeff{}'), 1)).toBe(true);
    expect(isJson(Buffer.from([0x22, 0xff, 0x22]))).toBe(false);
    expect(isJson(Buffer.from([0x22, 0xc3]))).toBe(false);
    expect(isJson(Buffer.from('"a"', 'utf16le'))).toBe(false);
  });

  it('rejects more than 1,000 nested brackets', () => {
    expect(isJson(Buffer.from('['.repeat(1_000) + ']'.repeat(1_000)))).toBe(true);
    expect(isJson(Buffer.from('['.repeat(1_001) + ']'.repeat(1_001)))).toBe(false);
  });
});
