import type { ReportNotice } from '../../src/domain/notices';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import type { Manifest } from '../../src/report-store/port';
import { refreshWorkflowId } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import { FakeUpstream, provider, row } from '../support/fake-upstream';
import { timeSkipping } from '../support/time-skipping';

const { followOn, nowMs } = timeSkipping();

const ID = 'POL-recorded';
const NEWER = '2026-02-01T00:00:00.000Z';
const REAL_TIMEOUT_MS = 20_000;

/** A run that has asked for the manifest of a round that closed an hour ago and waits for the answer; upstream has a newer version by now. */
async function reading(left: Partial<Manifest>) {
  const closedAtMs = (await nowMs()) - HOUR_MS;
  const reports = [...provider('A'), row('u-A', 'unity', 'A', NEWER)];
  const humanApi = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports }]);
  const { humanId } = humanApi.enrol(ID, `${ID}@example.org`, closedAtMs);
  const store = new FakeStore();
  const wanted = { unity: ['json', 'pdf'] } as const;
  store.keep(ID, { humanId, outcome: 'collected', closedAt: new Date(closedAtMs).toISOString(), wanted, ...left });
  const release = store.hold();
  const applicant = await followOn(humanApi, { store, clientUserId: ID });
  await store.asked();
  const refresh = applicant.handle.client.getHandle(refreshWorkflowId(ID));
  return {
    applicant,
    humanId,
    refresh,
    release,
    newer: () => applicant.manifest.documents.filter(({ updatedAt }) => updatedAt === NEWER),
    tell: (reportId: string) => applicant.reportNotice(reportId, NEWER, humanId),
    closed: async () => (await applicant.handle.describe()).status.name !== 'RUNNING',
  };
}

test.each<[string, Partial<Manifest>, object]>([
  ['with that outcome', {}, { outcome: 'collected', reason: null }],
  [
    'in a conflict',
    { detailsDigest: createKeyedDigest(DIGEST_KEYS, 'digest of others') },
    { outcome: 'failed', reason: 'conflict' },
  ],
])(
  'a report notice that reaches a run which ends %s by the manifest goes to the refresh',
  async (_how, left, result) => {
    const { applicant, tell, release, newer, refresh } = await reading(left);
    await tell('u-A');
    release();
    expect((await applicant.end(SECOND_MS)).result).toMatchObject(result);
    const ended = async () => (await refresh.describe()).status.name === 'COMPLETED';
    for (let passedMs = 0; passedMs < HOUR_MS && !(await ended()); passedMs += MINUTE_MS)
      await applicant.pass(MINUTE_MS);
    expect(await refresh.result()).toMatchObject({ ended: 'refreshed', stored: 2 });
    expect(newer()).toHaveLength(2);
  },
);

test.each([
  ['declined', 'declined'],
  ['partial', 'deadline'],
] as const)('after %s (%s) the person was withdrawn: it goes nowhere', async (outcome, reason) => {
  const { applicant, tell, release, refresh } = await reading({ outcome, reason });
  await tell('u-A');
  release();
  expect((await applicant.end(SECOND_MS)).result).toMatchObject({ outcome, reason });
  await expect(refresh.describe()).rejects.toThrow();
});

test('every report notice that the run takes reaches the refresh, also those that come one by one while others are passed on', async () => {
  const { applicant, tell, release, refresh, closed } = await reading({});
  const taken: string[] = [];
  const send = async (reportId: string) => {
    taken.push(reportId);
    await tell(reportId);
  };
  const passedOn = new Set<string>();
  const service = applicant.handle.client.workflowService;
  const pass = service.signalWithStartWorkflowExecution.bind(service);
  const spy = jest.spyOn(service, 'signalWithStartWorkflowExecution');
  spy.mockImplementation(async (request: Parameters<typeof pass>[0]) => {
    passedOn.add(reportOf(request.signalInput));
    if (passedOn.size === taken.length && taken.length < 150) await send(`meanwhile-${taken.length}`);
    return pass(request);
  });
  await Promise.all(Array.from({ length: 120 }, (_, at) => send(`before-${at}`)));
  release();
  await until('the end', REAL_TIMEOUT_MS, closed);
  spy.mockRestore();
  const reached = async () => {
    const { events } = await refresh.fetchHistory();
    return new Set(
      (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
        signal ? [reportOf(signal.input)] : [],
      ),
    );
  };
  // The server adds a signal to the history of the refresh after the current task has ended.
  await until('as many in the refresh', REAL_TIMEOUT_MS, async () => (await reached()).size >= taken.length);
  expect(await reached()).toEqual(new Set(taken));
  expect(taken).toHaveLength(150);
});

function reportOf(input: { payloads?: { data?: Uint8Array | null }[] | null } | null | undefined): string {
  const data = input?.payloads?.[0]?.data ?? '';
  return (JSON.parse(Buffer.from(data).toString()) as ReportNotice).reportId;
}
