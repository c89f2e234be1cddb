import type { ApplicantRuns } from '../../src/activities/applicant-runs';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import type { ReportNotice } from '../../src/domain/notices';
import { HOUR_MS } from '../../src/domain/policy';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';
import { parseStoredNotices } from '../../src/upstream/notices';
import {
  DELIVER_NOTICES,
  type DeliverNoticesResult,
  mailboxWorkflowId,
  reportNoticeSignal,
} from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import { NO_RUNS } from '../support/activity-deps';
import { FakeStore } from '../support/fake-store';
import { DOWN, FakeUpstream } from '../support/fake-upstream';

const { signalWithStart, waitForResult, nowMs } = useSimulation();

type Received = Awaited<ReturnType<ApplicantRuns['deliverToRunOrRefresh']>>;

/** A mailbox of the person `h-1`; `applicants` are those that Temporal finds by humanId. */
function setup(applicants: Readonly<Record<string, string>> = {}, answer: Received = 'taken') {
  const upstream = new FakeUpstream();
  const store = new FakeStore();
  const delivered: { clientUserId: string; reportId: string; requestId: string }[] = [];
  const runs: ApplicantRuns = {
    ...NO_RUNS,
    findByHumanId: async (humanId) => applicants[humanId] ?? null,
    deliverToRunOrRefresh: async (clientUserId, { reportId }, requestId) => {
      delivered.push({ clientUserId, reportId, requestId });
      return answer;
    },
  };
  const services = { upstream, store, runs };
  const send = (...notices: readonly ReportNotice[]) => {
    for (const notice of notices) {
      const workflow = { workflowType: DELIVER_NOTICES, workflowId: mailboxWorkflowId(notice.humanId) };
      signalWithStart(workflow, reportNoticeSignal, notice, services);
    }
  };
  return {
    ...services,
    delivered,
    send,
    deliver: (...notices: readonly ReportNotice[]) => {
      send(...notices);
      return waitForResult<DeliverNoticesResult>(mailboxWorkflowId(notices[0]?.humanId ?? ''));
    },
    quarantine: openMailboxQuarantine(store.shelf, NO_ENCRYPTION),
  };
}

function noticeOf(reportId: string, humanId = 'h-1'): ReportNotice {
  return { humanId, reportId, type: 'unity', updatedAt: '2026-01-01T00:00:00.000Z' };
}

test('notices reach the applicant that Temporal finds, a repeat once, without a call of upstream', async () => {
  const { upstream, delivered, deliver } = setup({ 'h-1': 'POL-1' });
  const result = await deliver(noticeOf('r-1'), noticeOf('r-1'), noticeOf('r-2'));
  expect(result).toEqual({ clientUserId: 'POL-1', delivered: 2 });
  expect(delivered.map(({ clientUserId, reportId }) => `${clientUserId} ${reportId}`).sort()).toEqual([
    ...['POL-1 r-1', 'POL-1 r-2'],
  ]);
  expect(new Set(delivered.map(({ requestId }) => requestId)).size).toBe(2);
  expect(upstream.calls).toEqual([]);
});

test('a notice that arrives during the search is delivered too', async () => {
  const { runs, delivered, deliver, send } = setup({ 'h-1': 'POL-1' });
  const find = runs.findByHumanId;
  runs.findByHumanId = async (humanId) => {
    send(noticeOf('r-2'));
    return find(humanId);
  };
  expect(await deliver(noticeOf('r-1'))).toEqual({ clientUserId: 'POL-1', delivered: 2 });
  expect(delivered.map(({ reportId }) => reportId).sort()).toEqual(['r-1', 'r-2']);
});

test('upstream is asked for a person that Temporal does not find, also in an outage', async () => {
  const { upstream, delivered, deliver } = setup();
  const { humanId } = upstream.addPerson('POL-2', 'pol-2@example.org', await nowMs());
  upstream.faults.push({ route: 'readStatus', error: DOWN, times: 8 });
  expect(await deliver(noticeOf('r-1', humanId))).toEqual({ clientUserId: 'POL-2', delivered: 1 });
  expect(delivered).toMatchObject([{ clientUserId: 'POL-2', reportId: 'r-1' }]);
});

test('an applicant that starts hours after the notice gets it', async () => {
  const { runs, delivered, deliver } = setup();
  const startedAtMs = (await nowMs()) + 3 * HOUR_MS;
  runs.findByHumanId = async () => ((await nowMs()) < startedAtMs ? null : 'POL-4');
  expect(await deliver(noticeOf('r-1'))).toEqual({ clientUserId: 'POL-4', delivered: 1 });
  expect(delivered).toMatchObject([{ clientUserId: 'POL-4', reportId: 'r-1' }]);
});

test('a notice of a closed applicant does not count as delivered', async () => {
  const { deliver } = setup({ 'h-1': 'POL-1' }, 'closed-or-unknown');
  expect(await deliver(noticeOf('r-1'))).toEqual({ clientUserId: 'POL-1', delivered: 0 });
});

test('notices without an applicant go to the quarantine once, however often the store fails', async () => {
  const { store, delivered, deliver, quarantine } = setup();
  const put = jest.spyOn(store.shelf, 'put');
  // The second attempt writes and fails.
  put.mockRejectedValueOnce(new Error('away')).mockImplementationOnce(async (name, bytes) => {
    await new FakeStore().shelf.put(name, bytes);
    throw new Error('too late');
  });
  expect(await deliver(noticeOf('r-1'), noticeOf('r-2'))).toEqual({ clientUserId: null, delivered: 0 });
  expect(delivered).toEqual([]);
  const [header, ...others] = await quarantine.list();
  expect(others).toEqual([]);
  expect(header).toMatchObject({ why: 'nobody', kind: 'report', humanId: 'h-1', detail: '2 notices' });
  expect(new Set(put.mock.calls.map(([name]) => name)).size).toBe(1);
  const stored = parseStoredNotices((await quarantine.read(header?.id ?? ''))?.content ?? Buffer.of());
  expect(stored).toEqual([
    { kind: 'report', ...noticeOf('r-1') },
    { kind: 'report', ...noticeOf('r-2') },
  ]);
});

test('notices stay in the mailbox while the quarantine is full', async () => {
  const { store, deliver, quarantine } = setup();
  const fromMs = await nowMs();
  const full = Array.from(
    { length: 10_000 },
    (_, index) => `quarantine/1700000000000-nobody-${String(index).padStart(12, '0')}.json`,
  );
  const attempts: number[] = [];
  jest.spyOn(store.shelf, 'list').mockImplementation(async () => {
    attempts.push((await nowMs()) - fromMs);
    return attempts.length <= 2 ? full : [];
  });
  await deliver(noticeOf('r-1'));
  expect(attempts.map((ms) => Math.round(ms / HOUR_MS))).toEqual([24, 25, 26]);
  jest.restoreAllMocks();
  expect(await quarantine.list()).toMatchObject([{ humanId: 'h-1', detail: '1 notice' }]);
});

describe('2,100 notices, which take two runs,', () => {
  const notices = Array.from({ length: 2_100 }, (_, index) => noticeOf(`r-${index}`));

  test('are all delivered', async () => {
    const { delivered, deliver } = setup({ 'h-1': 'POL-1' });
    expect(await deliver(...notices)).toEqual({ clientUserId: 'POL-1', delivered: 2_100 });
    expect(new Set(delivered.map(({ reportId }) => reportId)).size).toBe(2_100);
  });

  test('are all quarantined after a day without an applicant', async () => {
    const { runs, deliver, quarantine } = setup();
    const searches: number[] = [];
    runs.findByHumanId = async () => {
      searches.push(await nowMs());
      return null;
    };
    const fromMs = await nowMs();
    await deliver(...notices);
    expect(Math.round(((searches.at(-1) ?? 0) - fromMs) / HOUR_MS)).toBe(24);
    const counts = (await quarantine.list()).map(({ detail }) => Number(detail?.split(' ')[0]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2_100);
  });
});
