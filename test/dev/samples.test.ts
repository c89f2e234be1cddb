import { asCsv, castSamples, judge, patienceWith, roundOf, type Sample } from '../../src/dev/samples';
import type { Persona } from '../../src/dev/sandbox';
import { verdictTable } from '../../src/dev/wording';
import { seenAs } from './seen-fixture';

const persona = (name: string, changes: Partial<Persona> = {}): Persona => ({
  ...{ name, summary: `plays ${name}`, outcome: 'collected', documents: 3, realSeconds: 24 },
  ...changes,
});
const eager: Sample = {
  clientUserId: 'DEMO-eager-1',
  clientUserEmail: 'eager@example.org',
  persona: 'eager',
  summary: 'plays eager',
  outcome: 'collected',
  documents: 3,
  storyMs: 24_000,
};
const collected = seenAs({ clientUserId: 'DEMO-eager-1', stage: 'closed', outcome: 'collected', documents: 3 });
const seen = (...all: ReturnType<typeof seenAs>[]) => new Map(all.map((one) => [one.clientUserId, one]));

test('each persona whose story is over within a minute plays one sample of the round', () => {
  expect(castSamples([persona('eager'), persona('slow', { realSeconds: 61 })], 'usual', '1')).toEqual([eager]);
});

test('on request every persona plays, or only those that are named', () => {
  const all = [persona('eager'), persona('slow', { realSeconds: 600 }), persona('never-existed')];
  const names = (cast: 'all' | string[]) => castSamples(all, cast, '1').map((sample) => sample.persona);
  expect(names('all')).toEqual(['eager', 'slow', 'never-existed']);
  expect(names(['slow', 'never-existed'])).toEqual(['slow', 'never-existed']);
});

test('a persona that is not there is answered with the nearest that is', () => {
  const cast = () => castSamples([persona('declines'), persona('eager')], ['egar'], '1');
  expect(cast).toThrow('there is no persona "egar"; the nearest is eager. There are: declines, eager.');
});

test('only who must end by a deadline is given a short one: a machine that slept lets nobody else expire', () => {
  expect(patienceWith({ ...eager, outcome: 'expired' })).toBe('deadline');
  expect(patienceWith(eager)).toBe('story');
});

test('the round of a later second is another one, sorts behind, and fits into a clientUserId', () => {
  const round = roundOf(new Date('2026-04-12T15:30:12.999Z'));
  expect(round).toMatch(/^[a-z0-9]{6}$/);
  expect(roundOf(new Date('2026-04-12T15:30:13Z')) > round).toBe(true);
});

test('the starter gets a header and a row for each', () => {
  expect(asCsv([eager])).toBe(
    'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources\nDEMO-eager-1,eager@example.org,,,,\n',
  );
});

test.each<[string, ReturnType<typeof seenAs>[], boolean]>([
  ['ended as it must', [collected], true],
  ['has another outcome', [{ ...collected, outcome: 'partial' }], false],
  ['has fewer documents', [{ ...collected, documents: 2 }], false],
  ['has not ended', [{ ...collected, stage: 'collecting', outcome: null }], false],
  ['was never seen', [], false],
])('a sample that %s is judged so', (_, all, asExpected) => {
  expect(judge([eager], seen(...all)).map((verdict) => verdict.asExpected)).toEqual([asExpected]);
});

test('the table says of each what must come and what came', () => {
  const late = { ...eager, clientUserId: 'DEMO-late-1', persona: 'late' };
  const lines = verdictTable(judge([eager, late], seen(collected)), Number.POSITIVE_INFINITY).split('\n');
  expect(lines.find((line) => line.startsWith('eager'))).toMatch(
    /^eager +collected, 3 documents +collected, 3 documents +ok +plays eager$/,
  );
  expect(lines.find((line) => line.startsWith('late'))).toMatch(
    /^late +collected, 3 documents +not over \(never seen\) +WRONG /,
  );
  expect(lines).toContain('1 of 2 samples ended as they must.');
  const narrow = verdictTable(judge([eager], seen(collected)), 60).split('\n');
  expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(60);
});
