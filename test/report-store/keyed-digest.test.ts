import { createHash, createHmac } from 'node:crypto';
import { isOfOthers, keyedDigest } from '../../src/report-store/keyed-digest';

describe('the digest of the details in a manifest', () => {
  const details = createHash('sha256').update('max@example.org').digest('hex');

  it('is the same for the same details and another for others', () => {
    expect(keyedDigest('secret', details)).toBe(keyedDigest('secret', details));
    expect(keyedDigest('secret', details)).not.toBe(keyedDigest('secret', `${details}0`));
    expect(keyedDigest('secret', details)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('cannot be guessed without the secret, nor taken from another use of it', () => {
    expect(keyedDigest('secret', details)).not.toBe(keyedDigest('other', details));
    expect(keyedDigest('secret', details)).not.toBe(createHmac('sha256', 'secret').update(details).digest('hex'));
    expect(keyedDigest('secret', details)).not.toContain(details.slice(0, 16));
  });

  it('tells other details for certain by the same secret only: after a rotation it tells nothing', () => {
    const keyed = keyedDigest('secret', details);
    expect(isOfOthers(keyed, 'secret', details)).toBe(false);
    expect(isOfOthers(keyed, 'secret', `${details}0`)).toBe(true);
    expect(isOfOthers(keyed, 'rotated', `${details}0`)).toBe(false);
    expect(isOfOthers(null, 'secret', details)).toBe(false);
  });
});
