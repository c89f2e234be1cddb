import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import { COLLECT_RECORDS, reportNoticeSignal, statusNoticeSignal } from '../../src/workflows/contract';
import { T0, type Truth } from '../domain/model/upstream';
import { CLIENT_USER_ID, live, type Story } from './applicant';
import { Clock } from './clock';
import { SimulatedServer } from './server';
import { WorkflowCode, WorkflowTaskFailed } from './workflow-code';

const code = new WorkflowCode(['recordManifest']);

const TRUTH: Truth = {
  statuses: [
    { atMs: T0, status: 'Invited' },
    { atMs: T0 + DAY_MS, status: 'Declined' },
  ],
  ...{ goneAtMs: null, reports: [], outages: [], lagMs: 0, dated: true },
};
const STORY: Story = {
  ...{ truth: TRUTH, deliveries: [], cancelAtMs: null, deaths: [], forgetAfterTasks: 1, suggestAfter: null },
  ...{ failing: 0, commitMs: 0, skewMs: 0, seed: 1 },
};
const HUGE = 'x'.repeat(200_000);

/** What nobody of ours would send, in the place of a notice. */
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

test('signals that hold junk, and signals of no known name, change nothing about how an applicant ends', async () => {
  const signals = JUNK.flatMap((args, at) =>
    [statusNoticeSignal.name, reportNoticeSignal.name, 'unheardOf'].map((name, n) => ({
      atMs: T0 + 60_000 * (3 * at + n + 1),
      name,
      args,
    })),
  );
  const { closed, upstream } = await live(code, { ...STORY, signals }, DEFAULT_POLICY, T0 + 10 * DAY_MS);
  expect(closed).toMatchObject({ status: 'COMPLETED', result: { outcome: 'declined', reason: 'declined' } });
  expect(upstream.created).toHaveLength(1);
  expect(upstream.left()).toEqual([]);
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'POL-1'],
  ['no details', { policy: DEFAULT_POLICY }],
  ['no policy', { details: { clientUserId: CLIENT_USER_ID, clientUserEmail: 'pol-1@example.org' } }],
])('a start with %s parks that applicant visibly, before anybody is invited', async (_what, input) => {
  const clock = new Clock(T0);
  const asked: string[] = [];
  const refusing = (name: string) => async () => {
    asked.push(name);
    return { kind: 'none' };
  };
  const activities = { readEarlierRound: refusing('readEarlierRound'), invite: refusing('invite') };
  const weather = { deaths: [], forgetAfterTasks: null, suggestAfter: null, luck: () => 0.5 };
  const begun = { workflowId: 'applicant-POL-1', workflowType: COLLECT_RECORDS, input };
  const server = new SimulatedServer(code, clock, activities, weather, begun);
  await expect(clock.runUntil(() => server.closed !== null, T0 + DAY_MS)).rejects.toThrow(WorkflowTaskFailed);
  expect(asked).not.toContain('invite');
});
