import { UNDECODABLE } from '../../src/domain/encryption';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS } from '../../src/domain/policy';
import { interceptors } from '../../src/workflows/undecodable';
import { T0, truthOf } from '../domain/model/upstream';
import { NO_FAULTS, type SimulationCase, simulate } from './applicant';
import type { Activities } from './attempts';
import { WorkflowCode, WorkflowTaskFailed } from './workflow-code';

const code = new WorkflowCode(['recordManifest']);

const CLINIC = { id: 'o1', name: 'First Clinic' };
const REPORT = { id: 'r1', type: 'unity', organization: CLINIC, offered: ['json', 'pdf'] as const };

/** A course by polls, with a report that has two versions, up to the last status. */
function testCase(last: string): SimulationCase {
  const truth = truthOf(
    [
      { atMs: T0, status: 'Invited' },
      { atMs: T0 + HOUR_MS, status: 'Syncing' },
      { atMs: T0 + 30 * HOUR_MS, status: last },
    ],
    [{ ...REPORT, versionsAtMs: [T0 + HOUR_MS, T0 + 40 * HOUR_MS], fault: 'none' }],
  );
  return { ...NO_FAULTS, truth, deliveries: [], forgetAfterTasks: 1 };
}

const CASES = [testCase('All Synced'), testCase('Some Synced'), testCase('Declined')];

/** Replaces every answer of one activity by the marker that the codec returns for an undecodable payload. */
function withUndecodable(marked: string, answered: string[]) {
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

async function run(testCase: SimulationCase, marked: string) {
  const answered: string[] = [];
  const end = await simulate(code, testCase, DEFAULT_POLICY, T0 + 10 * DAY_MS, withUndecodable(marked, answered)).then(
    ({ closed }) => closed.status,
    (error: unknown) => error,
  );
  return { answered, end };
}

test('an undecodable answer of any activity stops the applicant, and nothing irreversible follows', async () => {
  const names = new Set<string>();
  for (const testCase of CASES) {
    const complete = await run(testCase, 'none');
    expect(complete.end).toBe('COMPLETED');
    for (const name of new Set(complete.answered)) {
      names.add(name);
      const { answered, end } = await run(testCase, name);
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

test('an undecodable update is rejected before its handler runs', () => {
  const [inbound] = interceptors().inbound ?? [];
  const next = jest.fn();
  const validate = (arg: unknown) =>
    inbound?.validateUpdate?.({ updateId: '1', name: 'any', args: [arg], headers: {} }, next);
  expect(() => validate(UNDECODABLE)).toThrow('cannot be decoded');
  expect(next).not.toHaveBeenCalled();
  validate({ reason: 'any' });
  expect(next).toHaveBeenCalledTimes(1);
});
