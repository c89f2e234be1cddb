import { described, PERSONAS } from '../../sandbox/personas/catalogue';
import { readConfig } from '../../src/config';
import { paceEnvironment, SPEED } from '../../src/dev/pace';

/** An empty folder would do as well: there is no `.env` beside the tests. */
const { policy } = readConfig('starter', paceEnvironment(), __dirname);
const realMs = (storyMs: number) => storyMs / SPEED;

test('every story is over within a minute, the waits behind its last step included', () => {
  const ends = PERSONAS.map((persona) => {
    const toldMs = realMs(described(persona).storyMinutes * 60_000);
    const { outcome } = persona.ends;
    if (outcome === 'expired') return policy.expiresMs.invitation;
    if (outcome === 'failed') return toldMs + policy.settleMs.error;
    if (outcome === 'partial') return toldMs + policy.settleMs.someSynced;
    return toldMs + policy.settleMs.allSynced;
  });
  expect(Math.max(...ends)).toBeLessThanOrEqual(60_000);
});

test('nobody who opens the invitation at all finds it expired', () => {
  const openedMs = PERSONAS.flatMap(({ steps }) => steps.slice(0, 1)).map(({ afterMs }) => realMs(afterMs));
  // Twice the time, for a busy machine.
  expect(policy.expiresMs.invitation).toBeGreaterThan(2 * Math.max(...openedMs));
});

test('no story is cut short by the deadline of the whole', () => {
  const toldMs = PERSONAS.map((persona) => realMs(described(persona).storyMinutes * 60_000));
  expect(policy.expiresMs.applicant).toBeGreaterThan(5 * Math.max(...toldMs));
});
