import { isDeepStrictEqual } from 'node:util';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { KeyMissing, UNDECODABLE } from '../../src/domain/encryption';
import { createPayloadCodec, type DecodeFault } from '../../src/temporal/codec';
import { generateKey } from '../../src/temporal/key-ring';
import { keyRingOf } from '../support/keys';
import { fc } from '../support/property';

const APPLICANT = { type: 'workflow', namespace: 'records', workflowId: 'applicant-POL-1' } as const;
const OTHER_APPLICANT = { ...APPLICANT, workflowId: 'applicant-POL-2' };
const SECRET = { clientUserEmail: 'max@example.org' };

function setup(text = generateKey('a')) {
  const faults: DecodeFault[] = [];
  const codec = createPayloadCodec(keyRingOf(text), 'records', (fault) => faults.push(fault));
  return { codec, faults, ring: text };
}

function plain(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value);
}

function toValue(payload: Payload | undefined): unknown {
  if (!payload) throw new RangeError('expected a payload');
  return defaultPayloadConverter.fromPayload(payload);
}

describe('the payload codec', () => {
  test('decodes to the same value, and its ciphertext does not contain it', async () => {
    const { codec } = setup();
    const [encrypted] = await codec.encode([plain(SECRET)], APPLICANT);
    const clear = Buffer.concat([encrypted?.data ?? [], ...Object.values(encrypted?.metadata ?? {})].map(Buffer.from));
    expect(clear.includes('max@example.org')).toBe(false);
    expect(clear.includes('json/plain')).toBe(false);
    const [back] = await codec.decode(encrypted ? [encrypted] : [], APPLICANT);
    expect(toValue(back)).toEqual(SECRET);
  });

  test('keeps the number and the order of payloads, and undefined values and bytes', async () => {
    const { codec } = setup();
    const values = [undefined, Buffer.from([0, 255]), null, 'x'];
    const back = await codec.decode(await codec.encode(values.map(plain), APPLICANT), APPLICANT);
    expect(back.map(toValue)).toEqual([undefined, new Uint8Array([0, 255]), null, 'x']);
    expect(await codec.encode([], APPLICANT)).toEqual([]);
  });

  test('encrypts the same value differently each time', async () => {
    const { codec } = setup();
    const [first, second] = await codec.encode([plain(SECRET), plain(SECRET)], APPLICANT);
    expect(first?.data).not.toEqual(second?.data);
  });

  test('an activity decodes what its workflow encoded, and the codec endpoint what any process encoded', async () => {
    const { codec } = setup();
    const encrypted = await codec.encode([plain(SECRET)], APPLICANT);
    const activity = {
      type: 'activity',
      namespace: 'records',
      workflowId: APPLICANT.workflowId,
      isLocal: false,
    } as const;
    expect((await codec.decode(encrypted, activity)).map(toValue)).toEqual([SECRET]);
    expect((await codec.decode(encrypted)).map(toValue)).toEqual([SECRET]);
  });

  test.each<[string, DecodeFault, (encrypted: Payload) => Payload]>([
    ['ciphertext of another applicant', 'foreign', (encrypted) => encrypted],
    [
      'ciphertext that is relabelled for this applicant',
      'altered',
      ({ metadata, data }) => ({
        metadata: { ...metadata, workflow: Buffer.from(OTHER_APPLICANT.workflowId) },
        data: data ?? null,
      }),
    ],
    ['plaintext', 'plaintext', () => plain('forged')],
    ['an undefined plaintext', 'plaintext', () => plain(undefined)],
    ['an empty payload', 'plaintext', () => ({})],
  ])('%s does not decode: %s', async (_payload, fault, change) => {
    const { codec, faults } = setup();
    const changed = (await codec.encode([plain(SECRET)], APPLICANT)).map(change);
    expect((await codec.decode(changed, OTHER_APPLICANT)).map(toValue)).toEqual([UNDECODABLE]);
    expect(faults).toEqual([fault]);
  });

  test('a payload that does not decode leaves the others readable', async () => {
    const { codec } = setup();
    const [encrypted = {}] = await codec.encode([plain(SECRET)], APPLICANT);
    expect((await codec.decode([plain(SECRET), encrypted], APPLICANT)).map(toValue)).toEqual([UNDECODABLE, SECRET]);
  });

  test('a payload with a missing key throws, and decodes when the key is back', async () => {
    const old = generateKey('old');
    const encrypted = await setup(old).codec.encode([plain(SECRET)], APPLICANT);
    const without = setup(generateKey('new'));
    await expect(without.codec.decode(encrypted, APPLICANT)).rejects.toThrow(KeyMissing);
    expect(without.faults).toEqual(['unknown-key']);
    const rotated = setup(`${generateKey('new')},${old}`);
    expect((await rotated.codec.decode(encrypted, APPLICANT)).map(toValue)).toEqual([SECRET]);
  });

  test('the webhook with only its key encrypts what the worker decodes, and cannot decode what the worker encrypts', async () => {
    const [webhookKey, mainKey] = [generateKey('webhook'), generateKey('main')];
    const webhook = setup(webhookKey).codec;
    const worker = setup(`${mainKey},${webhookKey}`).codec;
    expect((await worker.decode(await webhook.encode([plain(SECRET)], APPLICANT), APPLICANT)).map(toValue)).toEqual([
      SECRET,
    ]);
    await expect(webhook.decode(await worker.encode([plain(SECRET)], APPLICANT), APPLICANT)).rejects.toThrow(
      KeyMissing,
    );
  });

  test('10,000 flips, cuts and moves of ciphertext: none decodes and none crashes', async () => {
    const { codec, ring } = setup();
    const otherNamespace = createPayloadCodec(keyRingOf(ring), 'test');
    const decode = {
      here: (payload: Payload) => codec.decode([payload], APPLICANT),
      workflow: (payload: Payload) => codec.decode([payload], OTHER_APPLICANT),
      namespace: (payload: Payload) => otherNamespace.decode([payload], { ...APPLICANT, namespace: 'test' }),
    };
    const [encrypted = {}] = await codec.encode([plain(SECRET)], APPLICANT);
    const [other = {}] = await codec.encode([plain('other')], OTHER_APPLICANT);
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
        const bytes = bytesOf(encrypted, part);
        const index = at % bytes.length;
        if (how === 'flip') bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        const changed = {
          flip: bytes,
          cut: bytes.subarray(0, index),
          'cut-front': bytes.subarray(index + 1),
          move: bytesOf(other, part),
          leave: bytesOf(encrypted, part),
          append: Buffer.concat([bytes, Buffer.of(at & 255)]),
        }[how];
        // Both have the same encoding and key, so a move of those changes nothing. Unchanged ciphertext decodes only here.
        fc.pre(to !== 'here' || !changed.equals(bytesOf(encrypted, part)));
        try {
          const [decoded] = await decode[to](withPart(encrypted, part, changed));
          // Compares first: an expectation per case takes longer than the case.
          if (!isDeepStrictEqual(toValue(decoded), UNDECODABLE)) expect(toValue(decoded)).toEqual(UNDECODABLE);
        } catch (error) {
          if (!(error instanceof KeyMissing)) throw error;
          unknownKeys += 1;
        }
      }),
      { numRuns: 10_000 },
    );
    expect(unknownKeys).toBeGreaterThan(0);
  });
});
