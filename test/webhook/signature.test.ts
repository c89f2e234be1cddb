import { createSignatureCheck, type SignatureScheme } from '../../src/webhook/signature';
import { createSignatureMemory } from '../../src/webhook/signature-memory';
import { fc } from '../support/property';
import { signedHeaders } from './signed';

const NOW_MS = Date.parse('2026-11-22T10:00:00.000Z');
const BODY = '[{"property":"status","value":"é"}]';

function setup(over: Partial<SignatureScheme> = {}) {
  const check = createSignatureCheck({
    secrets: ['client-secret'],
    encoding: 'auto',
    timeUnit: 'auto',
    toleranceMs: 300_000,
    headers: { signature: 'x-humanapi-signature', timestamp: 'x-humanapi-timestamp', nonce: 'x-humanapi-nonce' },
    ...over,
  });
  const lower = (headers: Record<string, string>) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  /** `good`, or the fault. */
  const checkFault = (headers: Record<string, string>, body: string | Buffer = BODY) => {
    const result = check(lower(headers), Buffer.from(body), NOW_MS);
    return result.valid ? 'good' : result.fault;
  };
  const sign = (given: Parameters<typeof signedHeaders>[1] = {}) =>
    signedHeaders(BODY, { timestamp: String(NOW_MS), ...given });
  return { check, checkFault, sign, lower };
}

describe('a signature', () => {
  it('is the HMAC-SHA1 of body, timestamp and nonce with the client secret', () => {
    const { checkFault } = setup();
    // Made with openssl dgst -sha1 -hmac, over `{}1795341600000abc`.
    const headers = {
      'x-humanapi-signature': '72618ad1a5adddf72c8d1b30ca7375757d216cac',
      'x-humanapi-timestamp': '1795341600000',
      'x-humanapi-nonce': 'abc',
    };
    expect(checkFault(headers, '{}')).toBe('good');
  });

  it('is wrong if any bit is flipped', () => {
    const { checkFault } = setup({ timeUnit: 's' });
    const parts = fc.record({
      body: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      nonce: fc.stringMatching(/^[A-Za-z0-9]{1,40}$/),
      bit: fc.nat(),
      which: fc.constantFrom('body', 'timestamp', 'nonce', 'mac'),
    });
    fc.assert(
      fc.property(parts, ({ body, nonce, bit, which }) => {
        const timestamp = String(NOW_MS / 1_000);
        const headers = signedHeaders(body, { timestamp, nonce });
        expect(checkFault(headers, body)).toBe('good');
        const mac = Buffer.from(headers['X-HumanAPI-Signature'] ?? '', 'hex');
        const given = { body, timestamp: Buffer.from(timestamp), nonce: Buffer.from(nonce), mac };
        const changed = { ...given, [which]: flipped(given[which], bit) };
        const forged = {
          'x-humanapi-signature': changed.mac.toString('hex'),
          'x-humanapi-timestamp': changed.timestamp.toString('latin1'),
          'x-humanapi-nonce': changed.nonce.toString('latin1'),
        };
        expect(checkFault(forged, changed.body)).not.toBe('good');
      }),
    );
  });

  it.each<[what: string, spelled: (hex: string) => string, wrongWhere: SignatureScheme['encoding'][]]>([
    ['hex', (hex) => hex, ['base64']],
    ['upper-case hex', (hex) => hex.toUpperCase(), ['base64']],
    ['base64', (hex) => Buffer.from(hex, 'hex').toString('base64'), ['hex']],
    ['base64 without padding', (hex) => Buffer.from(hex, 'hex').toString('base64').slice(0, -1), ['hex']],
    ['base64url', (hex) => Buffer.from(hex, 'hex').toString('base64url'), ['hex']],
    ['cut hex', (hex) => hex.slice(0, -1), ['auto', 'hex', 'base64']],
    ['longer hex', (hex) => `${hex}0`, ['auto', 'hex', 'base64']],
    ['another text', () => 'sha1 of another text', ['auto', 'hex', 'base64']],
  ])('in %s is accepted if the encoding allows it', (_what, spelled, wrongWhere) => {
    for (const encoding of ['auto', 'hex', 'base64'] as const) {
      const { checkFault, sign } = setup({ encoding });
      for (let nonce = 0; nonce < 20; nonce += 1) {
        const headers = sign({ nonce: `n${nonce}` });
        headers['X-HumanAPI-Signature'] = spelled(headers['X-HumanAPI-Signature'] ?? '');
        expect(checkFault(headers)).toBe(wrongWhere.includes(encoding) ? 'wrong' : 'good');
      }
    }
  });

  it('has one spelling in base64', () => {
    const { checkFault, sign } = setup();
    const headers = sign({ encoding: 'base64' });
    const right = headers['X-HumanAPI-Signature'] ?? '';
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const good = [...digits].filter((last) => {
      headers['X-HumanAPI-Signature'] = `${right.slice(0, 26)}${last}=`;
      return checkFault(headers) === 'good';
    });
    expect(good).toEqual([right[26]]);
  });

  it.each<[unit: SignatureScheme['timeUnit'], timestamp: string, expected: string]>([
    ['auto', '1795341600', 'good'],
    ['auto', '1795341600.5', 'good'],
    ['auto', '1795341600000', 'good'],
    ['auto', '2026-11-22T10:00:00.000Z', 'good'],
    ['auto', 'yesterday', 'undated'],
    ['s', '1795341600', 'good'],
    ['s', '1795341600000', 'stale'],
    ['ms', '1795341600000', 'good'],
    ['ms', '1795341600', 'stale'],
    ['ms', '2026-11-22T10:00:00.000Z', 'undated'],
    ['iso', '2026-11-22T11:00:00+01:00', 'good'],
    ['iso', '1795341600', 'undated'],
    ['auto', '-1795341600', 'undated'],
    ['auto', '0x6B02B7A0', 'undated'],
  ])('with the time unit %s and the timestamp %s is %s', (timeUnit, timestamp, expected) => {
    const { checkFault, sign } = setup({ timeUnit });
    expect(checkFault(sign({ timestamp }))).toBe(expected);
  });

  it.each([
    [-300_000, 'good'],
    [-300_001, 'stale'],
    [300_000, 'good'],
    [300_001, 'stale'],
  ])('%d ms from our clock is %s', (offMs, expected) => {
    const { checkFault, sign } = setup();
    expect(checkFault(sign({ timestamp: String(NOW_MS + offMs) }))).toBe(expected);
  });

  it('may use either secret while one is replaced, and no third', () => {
    const { checkFault, sign } = setup({ secrets: ['new', 'old'] });
    expect(['new', 'old', 'older', ''].map((secret) => checkFault(sign({ secret })))).toEqual([
      ...['good', 'good', 'wrong', 'wrong'],
    ]);
  });

  it('is missing without its header and incomplete without another header', () => {
    const { checkFault, sign } = setup();
    const { 'X-HumanAPI-Signature': signature = '', 'X-HumanAPI-Timestamp': timestamp = '', ...nonce } = sign();
    expect(checkFault({})).toBe('missing');
    expect(checkFault({ 'X-HumanAPI-Signature': '' })).toBe('missing');
    expect(checkFault({ 'X-HumanAPI-Signature': signature, 'X-HumanAPI-Timestamp': timestamp })).toBe('incomplete');
    expect(checkFault({ 'X-HumanAPI-Signature': signature, ...nonce })).toBe('incomplete');
  });

  it('has the same mark after a digit moved from the timestamp to the nonce', () => {
    const { check, sign, lower } = setup();
    const headers = lower(sign({ nonce: 'abc' }));
    const timestamp = headers['x-humanapi-timestamp'] ?? '';
    const moved = {
      ...headers,
      'x-humanapi-timestamp': timestamp.slice(0, 10),
      'x-humanapi-nonce': `${timestamp.slice(10)}abc`,
    };
    const results = [headers, moved].map((each) => check(each, Buffer.from(BODY), NOW_MS));
    expect(results).toMatchObject([{ valid: true }, { valid: true }]);
    expect(new Set(results.map((each) => each.valid && each.request)).size).toBe(1);
    expect(new Set(results.map((each) => each.valid && each.nonce)).size).toBe(2);
  });
});

describe('the memory of acknowledged requests', () => {
  const remembering = () => {
    const clock = { nowMs: 1_000 };
    const memory = createSignatureMemory({ toleranceMs: 1_000, nowMs: () => clock.nowMs });
    const acknowledge = (marks: { request: string; nonce: string }) => {
      const result = memory.begin(marks);
      if (result === 'fresh') memory.finish(marks, true);
      return result;
    };
    return { memory, clock, acknowledge, marks: (n: string) => ({ request: `r${n}`, nonce: `n${n}` }) };
  };

  it('recognizes a request and a nonce for twice the tolerance', () => {
    const { clock, acknowledge, marks } = remembering();
    expect(acknowledge(marks('1'))).toBe('fresh');
    expect(acknowledge(marks('1'))).toBe('same-request');
    expect(acknowledge({ request: 'r2', nonce: 'n1' })).toBe('same-nonce');
    clock.nowMs += 1_999;
    expect(acknowledge(marks('1'))).toBe('same-request');
    clock.nowMs += 1;
    expect(acknowledge(marks('1'))).toBe('fresh');
  });

  it('accepts a request again that was not acknowledged', () => {
    const { memory, marks } = remembering();
    expect(memory.begin(marks('1'))).toBe('fresh');
    expect(memory.begin(marks('1'))).toBe('under-way');
    expect(memory.begin({ request: 'r2', nonce: 'n1' })).toBe('under-way');
    memory.finish(marks('1'), false);
    expect(memory.begin(marks('1'))).toBe('fresh');
  });
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  const at = bit % (8 * bytes.length);
  changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
  return changed;
}
