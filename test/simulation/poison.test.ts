import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import { COLLECT_RECORDS, reportNoticeSignal, statusNoticeSignal } from '../../src/workflows/contract';
import { T0, truthOf } from '../domain/model/upstream';
import { CLIENT_USER_ID, NO_FAULTS, simulate } from './applicant';
import { Clock } from './clock';
import { SimulatedServer } from './server';
import { WorkflowCode, WorkflowTaskFailed } from './workflow-code';

const code = new WorkflowCode(['recordManifest']);

const TRUTH = truthOf([
  { atMs: T0, status: 'Invited' },
  { atMs: T0 + DAY_MS, status: 'Declined' },
]);
const CASE = { ...NO_FAULTS, truth: TRUTH, deliveries: [], forgetAfterTasks: 1 };
const HUGE = 'x'.repeat(200_000);

/** Arguments that the webhook never sends. */
const JUNK: readonly (readonly unknown[])[] = [
  ...[[], [null], [undefined], [7], ['text'], [[]], [{}], [true], [HUGE]],
  [{ humanId: 'h-1' }],
  [{ humanId: 'h-1', status: null, updatedAt: null }],
  [{ humanId: 'h-1', status: ['Declined'], updatedAt: {} }],
  [{ humanId: 'h-1', status: 'Declined', updatedAt: 7 }],
  [{ humanId: 'h-1', status: HUGE, updatedAt: '2099-01-01T00:00:00Z' }],
  [{ humanId: 'h-1', status: '__proto__', updatedAt: 'not a date' }],
  [{ humanId: 'h-1', reportId: null, updatedAt: null }],
  [{ humanId: 'h-1', reportId: { id: 1 }, updatedAt: 5 }],
  [{ humanId: { toString: 'h-1' }, reportId: 'r1', status: 'Declined' }],
];

test('signals with malformed arguments or unknown names do not change the end of an applicant', async () => {
  const signals = JUNK.flatMap((args, at) =>
    [statusNoticeSignal.name, reportNoticeSignal.name, 'unheardOf'].map((name, n) => ({
      atMs: T0 + 60_000 * (3 * at + n + 1),
      name,
      args,
    })),
  );
  const { closed, upstream } = await simulate(code, { ...CASE, signals }, DEFAULT_POLICY, T0 + 10 * DAY_MS);
  expect(closed).toMatchObject({ status: 'COMPLETED', result: { outcome: 'declined', reason: 'declined' } });
  expect(upstream.created).toHaveLength(1);
  expect(upstream.remaining()).toEqual([]);
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'POL-1'],
  ['no details', { policy: DEFAULT_POLICY }],
  ['no policy', { details: { clientUserId: CLIENT_USER_ID, clientUserEmail: 'pol-1@example.org' } }],
])('a start with %s fails the workflow task, and no one is invited', async (_what, input) => {
  const clock = new Clock(T0);
  const calls: string[] = [];
  const record = (name: string) => async () => {
    calls.push(name);
    return { kind: 'none' };
  };
  const activities = { readEarlierRound: record('readEarlierRound'), invite: record('invite') };
  const plan = { deaths: [], forgetAfterTasks: null, suggestAfter: null, random: () => 0.5 };
  const workflow = { workflowId: 'applicant-POL-1', workflowType: COLLECT_RECORDS, input };
  const server = new SimulatedServer(code, clock, activities, plan, workflow);
  await expect(clock.runUntil(() => server.closed !== null, T0 + DAY_MS)).rejects.toThrow(WorkflowTaskFailed);
  expect(calls).not.toContain('invite');
});
