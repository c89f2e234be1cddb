import { describePersona, PERSONAS } from '../../sandbox/personas/catalogue';
import { readConfig } from '../../src/config';
import { type Patience, paceEnvironment, SPEED } from '../../src/dev/pace';
import { castSamples, patienceWith } from '../../src/dev/samples';

/** An empty folder would do as well: there is no `.env` beside the tests. */
const policyOf = (patience: Patience) => readConfig('verifier', paceEnvironment(patience), __dirname).policy;
const usual = castSamples(
  PERSONAS.map((persona) => ({
    ...describePersona(persona),
    realSeconds: (describePersona(persona).storyMinutes * 60) / SPEED,
  })),
  'usual',
  '1',
);

test('every usual story is over within 75 s, the waits behind its last step included', () => {
  const ends = usual.map((sample) => {
    const policy = policyOf(patienceWith(sample));
    if (sample.outcome === 'expired') return policy.expiresMs.invitation;
    if (sample.outcome === 'failed') return sample.storyMs + policy.settleMs.error;
    if (sample.outcome === 'partial') return sample.storyMs + policy.settleMs.someSynced;
    return sample.storyMs + policy.settleMs.allSynced;
  });
  expect(Math.max(...ends)).toBeLessThanOrEqual(75_000);
});

test('a machine that slept for days lets nobody expire who acts by themselves', () => {
  for (const patience of ['story', 'visitor'] as const) {
    const { expiresMs } = policyOf(patience);
    expect(expiresMs).toEqual(readConfig('verifier', {}, __dirname).policy.expiresMs);
  }
});

test('who plays an applicant has the time to connect another provider', () => {
  expect(policyOf('visitor').settleMs.someSynced).toBeGreaterThanOrEqual(2 * 60_000);
  expect(policyOf('visitor').settleMs.allSynced).toBeGreaterThan(policyOf('story').settleMs.allSynced);
});

test('polls are as much faster as the stories', () => {
  expect(policyOf('story').pollMs.syncing).toBe((10 * 60_000) / SPEED);
});
