import { UNDECODABLE } from '../../src/domain/encryption';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS } from '../../src/domain/policy';
import { interceptors } from '../../src/workflows/undecodable';
import { T0, type Truth } from '../domain/model/upstream';
import { live, type Story } from './applicant';
import type { Activities } from './attempts';
import { WorkflowCode, WorkflowTaskFailed } from './workflow-code';

const code = new WorkflowCode(['recordManifest']);

const CLINIC = { id: 'o1', name: 'First Clinic' };
const REPORT = { id: 'r1', type: 'unity', organization: CLINIC, offered: ['json', 'pdf'] as const };

/** A life by polls and reads, with documents on the way and one that comes late, that ends with the last status. */
function story(last: string): Story {
  const truth: Truth = {
    statuses: [
      { atMs: T0, status: 'Invited' },
      { atMs: T0 + HOUR_MS, status: 'Syncing' },
      { atMs: T0 + 30 * HOUR_MS, status: last },
    ],
    ...{ goneAtMs: null, outages: [], lagMs: 0, dated: true },
    reports: [{ ...REPORT, versionsAtMs: [T0 + HOUR_MS, T0 + 40 * HOUR_MS], fault: 'none' }],
  };
  return {
    ...{ truth, deliveries: [], cancelAtMs: null, deaths: [], forgetAfterTasks: 1, suggestAfter: null },
    ...{ failing: 0, commitMs: 0, skewMs: 0, seed: 1 },
  };
}

const STORIES = [story('All Synced'), story('Some Synced'), story('Declined')];

/** Lets every answer of one activity arrive as what the codec makes of a payload that it can never decode. */
function marking(marked: string, answered: string[]) {
  return (activities: Activities): Activities =>
    Object.fromEntries(
      Object.entries(activities).map(([name, run]) => [
        name,
        async (...args: never[]) => {
          const answer = await run(...args);
          answered.push(name);
          return name === marked ? UNDECODABLE : answer;
        },
      ]),
    );
}

async function lived(given: Story, marked: string) {
  const answered: string[] = [];
  const end = await live(code, given, DEFAULT_POLICY, T0 + 10 * DAY_MS, marking(marked, answered)).then(
    ({ closed }) => closed.status,
    (error: unknown) => error,
  );
  return { answered, end };
}

test('whichever activity answers what cannot be decoded, the applicant stands still, and nothing is done upon it', async () => {
  const names = new Set<string>();
  for (const given of STORIES) {
    const whole = await lived(given, 'none of them');
    expect(whole.end).toBe('COMPLETED');
    for (const name of new Set(whole.answered)) {
      names.add(name);
      const { answered, end } = await lived(given, name);
      expect({ name, end }).toEqual({ name, end: expect.any(WorkflowTaskFailed) });
      expect(String(end)).toMatch('UndecodablePayload');
      if (name !== 'withdraw' && name !== 'recordManifest') expect(answered).not.toContain('withdraw');
    }
  }
  expect([...names].sort()).toEqual([
    'fetchDocument',
    'invite',
    'listReports',
    'readEarlierRound',
    'readStatus',
    'recordManifest',
    'watchReports',
    'watchStatus',
    'withdraw',
  ]);
});

test('an update that cannot be decoded is rejected before any handler hears of it', () => {
  const [inbound] = interceptors().inbound ?? [];
  const next = jest.fn();
  const told = (arg: unknown) =>
    inbound?.validateUpdate?.({ updateId: '1', name: 'any', args: [arg], headers: {} }, next);
  expect(() => told(UNDECODABLE)).toThrow('cannot be decoded');
  expect(next).not.toHaveBeenCalled();
  told({ reason: 'any' });
  expect(next).toHaveBeenCalledTimes(1);
});
