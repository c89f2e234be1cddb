import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import type { CollectRecordsResult } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, provider, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow } = useSimulation();

const CONNECTED: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Engaged' },
  { afterMs: 2 * HOUR_MS, status: 'Syncing' },
];
/** Where the deadline matters and its length does not: polling to the 90th day takes seconds. */
const DEADLINE_MS = 5 * DAY_MS;

interface Row {
  readonly rule: string;
  readonly script: readonly Change[];
  readonly ends: CollectRecordsResult;
  readonly withdrawn: boolean;
  /** When it must end, in ms after its start: [at the earliest, at the latest]. */
  readonly within?: readonly [number, number];
  readonly deadlineMs?: number;
}

const TABLE: readonly Row[] = [
  {
    rule: 'Invited: who never opens the invitation expires after 30 days and is withdrawn',
    script: [],
    ends: { outcome: 'expired', reason: 'invitation-expired', documents: 0 },
    withdrawn: true,
    within: [30 * DAY_MS, 30 * DAY_MS + MINUTE_MS],
  },
  {
    rule: 'Engaged: who never connects a provider expires at the deadline and is withdrawn',
    script: [{ afterMs: HOUR_MS, status: 'Engaged' }],
    ends: { outcome: 'expired', reason: 'deadline', documents: 0 },
    withdrawn: true,
    deadlineMs: DEADLINE_MS,
  },
  {
    rule: 'Syncing: at the deadline what there is is collected, then the person is withdrawn',
    script: [...CONNECTED, { afterMs: DAY_MS, reports: provider('A') }],
    ends: { outcome: 'partial', reason: 'deadline', documents: 3 },
    withdrawn: true,
    deadlineMs: DEADLINE_MS,
    within: [DEADLINE_MS, DEADLINE_MS + MINUTE_MS],
  },
  {
    rule: 'a status that we do not know is waited out until the deadline',
    script: [...CONNECTED, { afterMs: 3 * HOUR_MS, status: 'Pondering' }],
    ends: { outcome: 'expired', reason: 'deadline', documents: 0 },
    withdrawn: true,
    deadlineMs: DEADLINE_MS,
  },
  {
    rule: 'Attn Required is waited out until the deadline',
    script: [{ afterMs: HOUR_MS, status: 'Attn Required' }],
    ends: { outcome: 'expired', reason: 'deadline', documents: 0 },
    withdrawn: true,
    deadlineMs: DEADLINE_MS,
  },
  {
    rule: 'Some Synced: what came within a day is a partial collection',
    script: [...CONNECTED, { afterMs: 7 * HOUR_MS, status: 'Some Synced', reports: provider('A') }],
    ends: { outcome: 'partial', reason: null, documents: 3 },
    withdrawn: false,
    within: [31 * HOUR_MS, 38 * HOUR_MS],
  },
  {
    rule: 'Some Synced: the day runs from the first one and is not restarted by others',
    script: [
      { afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') },
      { afterMs: 8 * HOUR_MS, status: 'Syncing' },
      { afterMs: 16 * HOUR_MS, status: 'Some Synced', reports: provider('B') },
    ],
    ends: { outcome: 'partial', reason: null, documents: 6 },
    withdrawn: false,
    within: [25 * HOUR_MS, 30 * HOUR_MS + MINUTE_MS],
  },
  {
    rule: 'All Synced is a whole collection once nothing new has appeared for ten minutes',
    script: [...CONNECTED, { afterMs: 3 * HOUR_MS, status: 'All Synced', reports: provider('A') }],
    ends: { outcome: 'collected', reason: null, documents: 3 },
    withdrawn: false,
    within: [3 * HOUR_MS + 10 * MINUTE_MS, 6 * HOUR_MS + 11 * MINUTE_MS],
  },
  {
    rule: 'All Synced with nothing listed is partial',
    script: [...CONNECTED, { afterMs: 3 * HOUR_MS, status: 'All Synced' }],
    ends: { outcome: 'partial', reason: 'nothing-listed', documents: 0 },
    withdrawn: false,
  },
  {
    rule: 'All Synced without the unity of a provider is partial',
    script: [
      ...CONNECTED,
      { afterMs: 3 * HOUR_MS, status: 'All Synced', reports: [...provider('A'), row('c-B', 'ccdraw', 'B')] },
    ],
    ends: { outcome: 'partial', reason: 'missing-documents', documents: 4 },
    withdrawn: false,
  },
  {
    rule: 'Declined ends the applicant and withdraws the person',
    script: [{ afterMs: 3 * HOUR_MS, status: 'Declined' }],
    ends: { outcome: 'declined', reason: 'declined', documents: 0 },
    withdrawn: true,
    within: [3 * HOUR_MS, 6 * HOUR_MS + MINUTE_MS],
  },
  {
    rule: 'Error that lasts an hour: what is listed is collected, then the person is withdrawn',
    script: [...CONNECTED, { afterMs: 3 * HOUR_MS, status: 'Error', reports: provider('A') }],
    ends: { outcome: 'failed', reason: 'upstream-error', documents: 3 },
    withdrawn: true,
    within: [4 * HOUR_MS, 7 * HOUR_MS + MINUTE_MS],
  },
  {
    rule: 'Error that passes within the hour ends nobody',
    script: [
      ...CONNECTED,
      { afterMs: 6 * HOUR_MS, status: 'Error' },
      { afterMs: 6 * HOUR_MS + 30 * MINUTE_MS, status: 'All Synced', reports: provider('A') },
    ],
    ends: { outcome: 'collected', reason: null, documents: 3 },
    withdrawn: false,
  },
  {
    rule: 'Disconnected with reports: they are collected, and nobody is withdrawn',
    script: [...CONNECTED, { afterMs: 3 * HOUR_MS, status: 'Disconnected', reports: provider('A') }],
    ends: { outcome: 'partial', reason: 'disconnected', documents: 3 },
    withdrawn: false,
  },
  {
    rule: 'Disconnected without reports: a reconnection is waited for',
    script: [
      ...CONNECTED,
      { afterMs: 3 * HOUR_MS, status: 'Disconnected' },
      { afterMs: 30 * HOUR_MS, status: 'Syncing' },
      { afterMs: 40 * HOUR_MS, status: 'All Synced', reports: provider('A') },
    ],
    ends: { outcome: 'collected', reason: null, documents: 3 },
    withdrawn: false,
  },
  {
    rule: 'Disconnected without reports expires at the deadline',
    script: [...CONNECTED, { afterMs: 3 * HOUR_MS, status: 'Disconnected' }],
    ends: { outcome: 'expired', reason: 'deadline', documents: 0 },
    withdrawn: true,
    deadlineMs: DEADLINE_MS,
  },
];

describe.each([
  ['by polling alone', false],
  ['by notices, polled too late', true],
])('the table of statuses, %s', (_how, byNotices) => {
  test.each(TABLE)('$rule', async ({ script, ends, withdrawn, within, deadlineMs }) => {
    const policy = byNotices ? BY_NOTICES : DEFAULT_POLICY;
    const applicant = await follow(script, {
      policy: { ...policy, expiresMs: { ...policy.expiresMs, ...(deadlineMs && { applicant: deadlineMs }) } },
    });
    if (byNotices) await applicant.sendNotices(script);
    const { status, result, afterMs } = await applicant.waitForEnd();
    expect({ status, result }).toEqual({ status: 'COMPLETED', result: ends });
    const [earliestMs, latestMs] = within ?? [0, Number.POSITIVE_INFINITY];
    // A notice is a hint at most: it may bring the end forward, to no earlier than the rule allows.
    expect(afterMs).toBeGreaterThanOrEqual(earliestMs);
    expect(afterMs).toBeLessThanOrEqual(latestMs + 5 * SECOND_MS);
    expectInOrder(applicant, withdrawn);
    expect(applicant.manifest).toMatchObject({
      clientUserId: applicant.clientUserId,
      humanId: applicant.humanId,
      outcome: ends.outcome,
      reason: ends.reason,
      closedAt: expect.any(String),
    });
    expect(applicant.manifest.documents).toHaveLength(ends.documents);
  });
});

/** One invitation; at most one withdraw, after everything else, and read back before it and before any end. */
function expectInOrder({ humanApi }: ApplicantUnderTest, withdrawn: boolean): void {
  const routes = humanApi.calls.map(({ route }) => route);
  expect(routes.filter((route) => route === 'invite')).toHaveLength(1);
  expect(routes.filter((route) => route === 'withdraw')).toHaveLength(withdrawn ? 1 : 0);
  if (withdrawn) expect(routes.at(-1)).toBe('withdraw');
  expect(routes.slice(-8)).toContain('readStatus');
}

test('a withdraw by Declined comes right after the read that says so', async () => {
  const applicant = await follow([{ afterMs: HOUR_MS, status: 'Declined' }], { policy: BY_NOTICES });
  await applicant.skipTo(HOUR_MS);
  await applicant.sendStatusNotice('Declined', HOUR_MS);
  await applicant.waitForEnd(MINUTE_MS);
  expect(applicant.routes(MINUTE_MS)).toEqual(['readStatus', 'withdraw']);
});

test('nothing is fetched from a person who declined', async () => {
  const script = [
    { afterMs: HOUR_MS, status: 'Syncing' },
    { afterMs: 2 * HOUR_MS, status: 'Declined', reports: provider('A') },
  ];
  const applicant = await follow(script, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  const { result } = await applicant.waitForEnd();
  expect(result).toEqual({ outcome: 'declined', reason: 'declined', documents: 0 });
  expect(applicant.routes()).not.toContain('openReport');
});

test('a status is compared whatever its case and spacing', async () => {
  const applicant = await follow([{ afterMs: HOUR_MS, status: ' all  SYNCED ', reports: provider('A') }]);
  expect((await applicant.waitForEnd()).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
});

test.each([
  ['Engaged', 'engaged'],
  ['Syncing', 'syncing'],
  ['Attn Required', 'attention'],
  ['Some Synced', 'collecting'],
  ['All Synced', 'collecting'],
  ['Disconnected', 'attention'],
  ['Pondering', 'invited'],
])('the status %s shows as the stage %s', async (status, stage) => {
  const applicant = await follow([{ afterMs: HOUR_MS, status }], { policy: BY_NOTICES });
  await applicant.skipTo(HOUR_MS);
  expect((await applicant.state()).stage).toBe('invited');
  await applicant.sendStatusNotice(status, HOUR_MS);
  expect(await applicant.state()).toMatchObject({ stage, status });
});
