import { isDeepStrictEqual } from 'node:util';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { KeyMissing, UNDECODABLE } from '../../src/domain/encryption';
import { createPayloadCodec, type DecodeFault } from '../../src/temporal/codec';
import { generateKey, type KeyRing, parseKeyRing } from '../../src/temporal/key-ring';
import { fc } from '../support/property';

const MINE = { type: 'workflow', namespace: 'records', workflowId: 'applicant-POL-1' } as const;
const FOREIGN = { ...MINE, workflowId: 'applicant-POL-2' };
const SECRET = { clientUserEmail: 'max@example.org' };

function setup(text = generateKey('a')) {
  const refusals: DecodeFault[] = [];
  const codec = createPayloadCodec(ringOf(text), 'records', (refusal) => refusals.push(refusal));
  return { codec, refusals, ring: text };
}

function ringOf(text: string): KeyRing {
  const ring = parseKeyRing(text);
  if (ring === null) throw new RangeError('not a ring');
  return ring;
}

function plain(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value);
}

function shown(payload: Payload | undefined): unknown {
  if (!payload) throw new RangeError('expected a payload');
  return defaultPayloadConverter.fromPayload(payload);
}

describe('the payload codec', () => {
  test('gives back what it took, and shows nothing of it', async () => {
    const { codec } = setup();
    const [sealed] = await codec.encode([plain(SECRET)], MINE);
    const clear = Buffer.concat([sealed?.data ?? [], ...Object.values(sealed?.metadata ?? {})].map(Buffer.from));
    expect(clear.includes('max@example.org')).toBe(false);
    expect(clear.includes('json/plain')).toBe(false);
    const [back] = await codec.decode(sealed ? [sealed] : [], MINE);
    expect(shown(back)).toEqual(SECRET);
  });

  test('keeps the number and the order of payloads, and what is undefined or bytes', async () => {
    const { codec } = setup();
    const values = [undefined, Buffer.from([0, 255]), null, 'x'];
    const back = await codec.decode(await codec.encode(values.map(plain), MINE), MINE);
    expect(back.map(shown)).toEqual([undefined, new Uint8Array([0, 255]), null, 'x']);
    expect(await codec.encode([], MINE)).toEqual([]);
  });

  test('does not encrypt the same value alike twice', async () => {
    const { codec } = setup();
    const [one, two] = await codec.encode([plain(SECRET), plain(SECRET)], MINE);
    expect(one?.data).not.toEqual(two?.data);
  });

  test('an activity reads what its workflow wrote, and the codec endpoint what anybody wrote', async () => {
    const { codec } = setup();
    const sealed = await codec.encode([plain(SECRET)], MINE);
    const activity = { type: 'activity', namespace: 'records', workflowId: MINE.workflowId, isLocal: false } as const;
    expect((await codec.decode(sealed, activity)).map(shown)).toEqual([SECRET]);
    expect((await codec.decode(sealed)).map(shown)).toEqual([SECRET]);
  });

  test('ciphertext moved to another applicant does not decode', async () => {
    const { codec, refusals } = setup();
    const moved = await codec.decode(await codec.encode([plain(SECRET)], MINE), FOREIGN);
    expect(moved.map(shown)).toEqual([UNDECODABLE]);
    expect(refusals).toEqual(['foreign']);
  });

  test('nor does it when it is relabelled for the other', async () => {
    const { codec, refusals } = setup();
    const sealed = await codec.encode([plain(SECRET)], MINE);
    const relabelled = sealed.map(({ metadata, data }) => ({
      metadata: { ...metadata, workflow: Buffer.from(FOREIGN.workflowId) },
      data: data ?? null,
    }));
    expect((await codec.decode(relabelled, FOREIGN)).map(shown)).toEqual([UNDECODABLE]);
    expect(refusals).toEqual(['altered']);
  });

  test('nor in another namespace', async () => {
    const { codec, ring } = setup();
    const elsewhere = createPayloadCodec(ringOf(ring), 'test');
    expect((await elsewhere.decode(await codec.encode([plain(SECRET)], MINE))).map(shown)).toEqual([UNDECODABLE]);
  });

  test('plaintext is not passed through', async () => {
    const { codec, refusals } = setup();
    expect((await codec.decode([plain('forged'), plain(undefined), {}], MINE)).map(shown)).toEqual([
      UNDECODABLE,
      UNDECODABLE,
      UNDECODABLE,
    ]);
    expect(refusals).toEqual(['plaintext', 'plaintext', 'plaintext']);
  });

  test('one payload that is refused leaves the others readable', async () => {
    const { codec } = setup();
    const [sealed = {}] = await codec.encode([plain(SECRET)], MINE);
    expect((await codec.decode([plain(SECRET), sealed], MINE)).map(shown)).toEqual([UNDECODABLE, SECRET]);
  });

  test('a key that is not there throws, and decodes when it is back', async () => {
    const old = generateKey('old');
    const sealed = await setup(old).codec.encode([plain(SECRET)], MINE);
    const without = setup(generateKey('new'));
    await expect(without.codec.decode(sealed, MINE)).rejects.toThrow(KeyMissing);
    expect(without.refusals).toEqual(['unknown-key']);
    const rotated = setup(`${generateKey('new')},${old}`);
    expect((await rotated.codec.decode(sealed, MINE)).map(shown)).toEqual([SECRET]);
  });

  test('a process that has a key of its own only encrypts what the others read, and cannot read them', async () => {
    const [webhooks, ours] = [generateKey('webhook'), generateKey('main')];
    const webhook = setup(webhooks).codec;
    const worker = setup(`${ours},${webhooks}`).codec;
    expect((await worker.decode(await webhook.encode([plain(SECRET)], MINE), MINE)).map(shown)).toEqual([SECRET]);
    await expect(webhook.decode(await worker.encode([plain(SECRET)], MINE), MINE)).rejects.toThrow(KeyMissing);
  });

  test('100,000 flips, cuts and moves of ciphertext: none decodes, none crashes', async () => {
    const { codec, ring } = setup();
    const elsewhere = createPayloadCodec(ringOf(ring), 'test');
    const decode = {
      here: (payload: Payload) => codec.decode([payload], MINE),
      workflow: (payload: Payload) => codec.decode([payload], FOREIGN),
      namespace: (payload: Payload) => elsewhere.decode([payload], { ...MINE, namespace: 'test' }),
    };
    const [sealed = {}] = await codec.encode([plain(SECRET)], MINE);
    const [other = {}] = await codec.encode([plain('of another')], FOREIGN);
    const parts = ['data', 'encoding', 'key', 'workflow'] as const;
    type Part = (typeof parts)[number];
    const bytesOf = ({ data, metadata }: Payload, part: Part) =>
      Buffer.from((part === 'data' ? data : metadata?.[part]) ?? []);
    const withPart = ({ data, metadata }: Payload, part: Part, bytes: Buffer): Payload =>
      part === 'data'
        ? { metadata: metadata ?? null, data: bytes }
        : { metadata: { ...metadata, [part]: bytes }, data: data ?? null };
    const altered = fc.record({
      part: fc.constantFrom(...parts),
      how: fc.constantFrom('flip', 'cut', 'cut-front', 'move', 'append', 'leave'),
      to: fc.constantFrom('here', 'workflow', 'namespace'),
      at: fc.nat(10_000),
      bit: fc.nat(7),
    });
    let unknownKeys = 0;
    await fc.assert(
      fc.asyncProperty(altered, async ({ part, how, to, at, bit }) => {
        const bytes = bytesOf(sealed, part);
        const index = at % bytes.length;
        if (how === 'flip') bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        const changed = {
          flip: bytes,
          cut: bytes.subarray(0, index),
          'cut-front': bytes.subarray(index + 1),
          move: bytesOf(other, part),
          leave: bytesOf(sealed, part),
          append: Buffer.concat([bytes, Buffer.of(at & 255)]),
        }[how];
        // Both have one encoding and one key: to move those is to change nothing. What is unchanged may be read where it belongs only.
        fc.pre(to !== 'here' || !changed.equals(bytesOf(sealed, part)));
        try {
          const [decoded] = await decode[to](withPart(sealed, part, changed));
          // An expectation a case would take longer than the case.
          if (!isDeepStrictEqual(shown(decoded), UNDECODABLE)) expect(shown(decoded)).toEqual(UNDECODABLE);
        } catch (error) {
          if (!(error instanceof KeyMissing)) throw error;
          unknownKeys += 1;
        }
      }),
      { numRuns: 100_000 },
    );
    expect(unknownKeys).toBeGreaterThan(0);
  }, 120_000);
});
