import { createHash, createHmac } from 'node:crypto';
import { createKeyedDigest, matchDetails } from '../../src/report-store/keyed-digest';
import { createDigestKeys, generateKey, parseKeyRing } from '../../src/temporal/key-ring';

const [K1, K2] = [generateKey('k1'), generateKey('k2')];
const details = createHash('sha256').update('max@example.org').digest('hex');
const others = createHash('sha256').update('moritz@example.org').digest('hex');

const keysOf = (clientSecret: string, ...entries: string[]) =>
  createDigestKeys(parseKeyRing(entries.join(',')), clientSecret);

/** 0.1.0: HMAC-SHA256 with the client secret itself. */
function digestOf010(clientSecret: string): string {
  const hmac = (message: string) =>
    createHmac('sha256', clientSecret).update('chartway manifest details 2\n').update(message).digest('hex');
  return hmac('').slice(0, 8) + hmac(details).slice(8);
}

describe('the digest of the details in a manifest', () => {
  it.each([
    ['PAYLOAD_KEYS', keysOf('secret', K1)],
    ['the client secret alone', keysOf('secret')],
  ])('with %s is the same for the same details and differs for others', (_, keys) => {
    const keyed = createKeyedDigest(keys, details);
    expect(keyed).toMatch(/^[0-9a-f]{64}$/);
    expect(createKeyedDigest(keys, details)).toBe(keyed);
    expect(matchDetails(keyed, keys, details)).toBe('same');
    expect(matchDetails(keyed, keys, others)).toBe('other');
  });

  it('cannot be computed without the key, or from another use of it', () => {
    const keys = keysOf('secret', K1);
    const keyed = createKeyedDigest(keys, details);
    expect(keyed).not.toBe(createKeyedDigest(keysOf('secret', K2), details));
    expect(keyed).not.toContain(details.slice(0, 16));
    const raw = Buffer.from(K1.slice(3), 'base64');
    for (const key of [raw, ...keys.keys]) {
      expect(keyed.slice(8)).not.toBe(createHmac('sha256', key).update(details).digest('hex').slice(8));
    }
  });

  it('stays valid when the client secret is rotated', () => {
    const keyed = createKeyedDigest(keysOf('before', K1), details);
    expect(matchDetails(keyed, keysOf('after', K1), details)).toBe('same');
    expect(matchDetails(keyed, keysOf('after', K1), others)).toBe('other');
  });

  it('stays valid while its key is listed, and is unknown afterwards', () => {
    const keyed = createKeyedDigest(keysOf('secret', K1), details);
    expect(matchDetails(keyed, keysOf('secret', K2, K1), details)).toBe('same');
    expect(matchDetails(keyed, keysOf('secret', K2, K1), others)).toBe('other');
    expect(matchDetails(keyed, keysOf('secret', K2), details)).toBe('unknown');
  });

  it('of the client secret stays valid when keys are added', () => {
    expect(matchDetails(createKeyedDigest(keysOf('secret'), details), keysOf('secret', K1), others)).toBe('other');
  });

  it('of 0.1.0 is verified with the client secret', () => {
    const keyed = digestOf010('secret');
    expect(matchDetails(keyed, keysOf('secret', K1), details)).toBe('same');
    expect(matchDetails(keyed, keysOf('secret', K1), others)).toBe('other');
    expect(matchDetails(keyed, keysOf('rotated', K1), details)).toBe('unknown');
  });

  it('is unknown if there is none', () => {
    expect(matchDetails(null, keysOf('secret', K1), details)).toBe('unknown');
  });
});
