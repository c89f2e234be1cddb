import type { ReportNotice } from '../../src/domain/notices';
import { HOUR_MS, MINUTE_MS, type Policy } from '../../src/domain/policy';
import type { Manifest } from '../../src/report-store/port';
import {
  type CollectRecordsInput,
  DELIVER_NOTICES,
  mailboxWorkflowId,
  REFRESH_REPORTS,
  type RefreshReportsInput,
  refreshWorkflowId,
} from '../../src/workflows/contract';
import type { DeliverNoticesInput } from '../../src/workflows/deliver-notices';
import { useSimulation } from '../simulation/follow';
import { NO_RUNS } from '../support/activity-deps';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider, row } from '../support/fake-upstream';
import { shiftTimes, VERSIONS, type Version, writtenBy } from './stored';

const { followOn, nowMs, startWorkflow, waitForResult } = useSimulation();

/** An applicant whose run a version continued as new an hour after the invitation, in a run of this version; upstream follows the script. */
async function continueRun(version: Version, name: string, script: readonly Change[], store = new FakeStore()) {
  const written = writtenBy<CollectRecordsInput>(version, name);
  const invitedAtMs = (await nowMs()) - HOUR_MS;
  const input = shiftTimes(written, invitedAtMs - (written.carried?.facts?.openedAtMs ?? 0));
  const { clientUserId, clientUserEmail } = input.details;
  const upstream = new FakeUpstream(script);
  upstream.addPerson(clientUserId, clientUserEmail, invitedAtMs);
  return followOn(upstream, { clientUserId, input, store });
}

const COLLECTED = { outcome: 'collected', reason: null, documents: 3 };

describe.each(VERSIONS)('what %s continued as new', (version) => {
  test('an applicant with documents is collected, and nothing is fetched twice', async () => {
    const store = new FakeStore();
    store.addManifest('POL-A', writtenBy<Manifest>(version, 'manifest-open'));
    const script = [
      { afterMs: 0, status: 'Some Synced', reports: provider('A') },
      { afterMs: 3 * HOUR_MS, status: 'All Synced' },
    ];
    const applicant = await continueRun(version, 'carried-collecting', script, store);
    expect((await applicant.waitForEnd(HOUR_MS)).result).toEqual(COLLECTED);
    expect(applicant.upstream.count('invite')).toBe(0);
    expect(applicant.upstream.count('openReport')).toBe(0);
  });

  test('an applicant with an unread notice follows upstream', async () => {
    const applicant = await continueRun(version, 'carried-claim', [
      { afterMs: 0, status: 'Engaged' },
      { afterMs: 2 * HOUR_MS, status: 'Declined' },
    ]);
    expect((await applicant.waitForEnd(HOUR_MS)).result).toMatchObject({ outcome: 'declined' });
  });

  test('a mailbox forwards its notices', async () => {
    const input = writtenBy<DeliverNoticesInput>(version, 'mailbox');
    const [{ humanId }] = input.waiting as [ReportNotice];
    const delivered: ReportNotice[] = [];
    const runs = {
      ...NO_RUNS,
      findByHumanId: async () => 'POL-M',
      deliverToRunOrRefresh: async (_clientUserId: string, notice: ReportNotice) => {
        delivered.push(notice);
        return 'taken' as const;
      },
    };
    const workflow = { workflowType: DELIVER_NOTICES, workflowId: mailboxWorkflowId(humanId), input };
    startWorkflow(workflow, { upstream: new FakeUpstream(), store: new FakeStore(), runs });
    expect(await waitForResult(workflow.workflowId)).toEqual({ clientUserId: 'POL-M', delivered: 2 });
    expect(new Set(delivered)).toEqual(new Set(input.waiting));
  });

  test('a refresh stores the version that it awaited', async () => {
    const manifest = writtenBy<Manifest>(version, 'manifest-collected');
    const writtenAtMs = Date.parse(manifest.closedAt ?? '');
    const byMs = (await nowMs()) - HOUR_MS - writtenAtMs;
    const input = shiftTimes(writtenBy<RefreshReportsInput>(version, 'refresh'), byMs);
    const store = new FakeStore();
    store.addManifest('POL-C', shiftTimes(manifest, byMs));
    const newer = new Date(writtenAtMs + byMs + MINUTE_MS).toISOString();
    const reports = [...provider('A'), row('u-A', 'unity', 'A', newer)];
    const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports }]);
    upstream.addPerson('POL-C', 'POL-C@example.org', writtenAtMs + byMs);
    const workflow = { workflowType: REFRESH_REPORTS, workflowId: refreshWorkflowId('POL-C'), input };
    startWorkflow(workflow, { upstream, store });
    const result = await waitForResult(workflow.workflowId);
    expect(result).toEqual({ clientUserId: 'POL-C', ended: 'refreshed', stored: 2, ignored: 0 });
  });
});

test('an applicant whose last read 0.1.0 took as dated 2099 follows the statuses after it', async () => {
  const applicant = await continueRun('0.1.0', 'carried-2099', [
    { afterMs: 0, status: 'Engaged' },
    { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('A') },
  ]);
  expect((await applicant.waitForEnd(HOUR_MS)).result).toEqual(COLLECTED);
});

test('an input whose policy lacks the fields of a later version gets their defaults', async () => {
  const written = writtenBy<CollectRecordsInput>('0.1.0', 'input');
  const { expiresMs: _expiresMs, settleMs, ...rest } = written.policy;
  const { error: _error, ...settle } = settleMs;
  const policy = { ...rest, settleMs: settle } as unknown as Policy;
  const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
  const { clientUserId } = written.details;
  const applicant = await followOn(new FakeUpstream(script), { clientUserId, input: { ...written, policy } });
  await applicant.skipUntil(({ stage }) => stage === 'invited', MINUTE_MS, HOUR_MS);
  expect((await applicant.waitForEnd(HOUR_MS)).result).toEqual(COLLECTED);
});
