import { describePersona, PERSONAS } from '../../sandbox/personas/catalogue';
import { readConfig } from '../../src/config';
import { checkSamples, haveResults, statusOfResults } from '../../src/dev/sample-results';
import {
  createRound,
  type DemoPace,
  demoPace,
  demoPolicyEnvironment,
  SPEED,
  selectSamples,
  toCsv,
} from '../../src/dev/samples';
import type { Persona } from '../../src/dev/sandbox-client';
import { SAMPLE, snapshot } from './fixture';

const persona = (name: string, realSeconds = 24): Persona => ({
  name,
  summary: `plays ${name}`,
  outcome: 'collected',
  documents: 3,
  realSeconds,
});

test('the usual personas are those with a story of at most a minute, one sample each', () => {
  expect(selectSamples([persona('eager'), persona('slow', 61)], 'usual', '1')).toEqual([SAMPLE]);
});

test('all personas can be selected, or some by name', () => {
  const personas = [persona('eager'), persona('slow', 600), persona('never-existed')];
  const names = (selection: 'all' | string[]) => selectSamples(personas, selection, '1').map(({ name }) => name);
  expect(names('all')).toEqual(['eager', 'slow', 'never-existed']);
  expect(names(['slow', 'never-existed'])).toEqual(['slow', 'never-existed']);
  expect(() => names(['egar'])).toThrow('unknown persona "egar". Did you mean eager?');
});

test('a later round is different, sorts after the earlier one and fits into a clientUserId', () => {
  const round = createRound(new Date('2026-04-12T15:30:12.999Z'));
  expect(round).toMatch(/^[a-z0-9]{6}$/);
  expect(createRound(new Date('2026-04-12T15:30:13Z')) > round).toBe(true);
});

test('the input of the starter has a header and one row for each sample', () => {
  expect(toCsv([SAMPLE])).toBe(
    'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources\nDEMO-eager-1,eager@example.org,,,,\n',
  );
});

const COLLECTED = snapshot({ clientUserId: 'DEMO-eager-1', stage: 'closed', outcome: 'collected', documents: 3 });
test.each([
  ['ended as expected', COLLECTED, 'expected', true, 0],
  ['has another outcome', { ...COLLECTED, outcome: 'partial' as const }, 'unexpected', true, 1],
  ['has fewer documents', { ...COLLECTED, documents: 2 }, 'unexpected', true, 1],
  ['is open', { ...COLLECTED, stage: 'collecting' as const, outcome: null }, 'unexpected', false, 1],
  ['has a number of documents that was not read', { ...COLLECTED, documents: null }, 'unknown', false, 3],
  ['was never read', { ...COLLECTED, clientUserId: 'DEMO-late-1' }, 'unknown', false, 3],
] as const)('a sample that %s is checked', (_, read, verdict, isFinal, status) => {
  const snapshots = new Map([[read.clientUserId, read]]);
  const results = checkSamples([SAMPLE], snapshots);
  expect(results.map((result) => result.verdict)).toEqual([verdict]);
  expect(haveResults([SAMPLE], snapshots)).toBe(isFinal);
  expect(statusOfResults(results)).toBe(status);
});

describe('the policy of the samples', () => {
  /** The folder of the tests has no `.env`. */
  const policyOf = (pace: DemoPace) => readConfig('verifier', demoPolicyEnvironment(pace), __dirname).policy;

  test('ends every usual sample within 75 s, including the settle windows', () => {
    const personas = PERSONAS.map(describePersona).map((each) => ({
      ...each,
      realSeconds: (each.storyMinutes * 60) / SPEED,
    }));
    const durations = selectSamples(personas, 'usual', '1').map((sample) => {
      const { expiresMs, settleMs } = policyOf(demoPace(sample));
      if (sample.outcome === 'expired') return expiresMs.invitation;
      if (sample.outcome === 'failed') return sample.realSeconds * 1_000 + settleMs.error;
      return sample.realSeconds * 1_000 + (sample.outcome === 'partial' ? settleMs.someSynced : settleMs.allSynced);
    });
    expect(Math.max(...durations)).toBeLessThanOrEqual(75_000);
  });

  test('has the real deadlines for all samples that do not have to expire, because the machine may sleep', () => {
    expect(demoPace(SAMPLE)).toBe('story');
    const { expiresMs } = readConfig('verifier', {}, __dirname).policy;
    for (const pace of ['story', 'manual'] as const) expect(policyOf(pace).expiresMs).toEqual(expiresMs);
  });

  test('shows a sample as quiet before its invitation expires', () => {
    const { chaseMs, expiresMs } = policyOf('deadline');
    expect(chaseMs.invited).toBeLessThan(expiresMs.invitation / 2);
  });

  test('gives the user time to connect another provider, and polls as fast as the stories', () => {
    expect(policyOf('manual').settleMs.someSynced).toBeGreaterThanOrEqual(2 * 60_000);
    expect(policyOf('manual').settleMs.allSynced).toBeGreaterThan(policyOf('story').settleMs.allSynced);
    expect(policyOf('story').pollMs.syncing).toBe((10 * 60_000) / SPEED);
  });
});
