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
import { later, writtenBy010 } from './stored';

const { followOn, nowMs, startWorkflow, waitForResult } = useSimulation();

/** An applicant that 0.1.0 handed to a run of this version an hour after the invitation; upstream lives by the script. */
async function handedOver(name: string, script: readonly Change[], store = new FakeStore()) {
  const written = writtenBy010<CollectRecordsInput>(name);
  const invitedAtMs = (await nowMs()) - HOUR_MS;
  const input = later(written, invitedAtMs - (written.carried?.facts?.openedAtMs ?? 0));
  const { clientUserId, clientUserEmail } = input.details;
  const upstream = new FakeUpstream(script);
  upstream.addPerson(clientUserId, clientUserEmail, invitedAtMs);
  return followOn(upstream, { clientUserId, input, store });
}

test('an applicant that 0.1.0 handed over with documents is collected, and nothing is fetched twice', async () => {
  const store = new FakeStore();
  store.addManifest('POL-A', writtenBy010<Manifest>('manifest-open'));
  const applicant = await handedOver(
    'carried-collecting',
    [
      { afterMs: 0, status: 'Some Synced', reports: provider('A') },
      { afterMs: 3 * HOUR_MS, status: 'All Synced' },
    ],
    store,
  );
  expect((await applicant.waitForEnd(HOUR_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  expect(applicant.upstream.count('invite')).toBe(0);
  expect(applicant.upstream.count('openReport')).toBe(0);
});

test('an applicant that 0.1.0 handed over while a notice was unread follows upstream', async () => {
  const applicant = await handedOver('carried-claim', [
    { afterMs: 0, status: 'Engaged' },
    { afterMs: 2 * HOUR_MS, status: 'Declined' },
  ]);
  expect((await applicant.waitForEnd(HOUR_MS)).result).toMatchObject({ outcome: 'declined' });
});

test('an applicant whose last read 0.1.0 took as dated 2099 follows the statuses after it', async () => {
  const applicant = await handedOver('carried-2099', [
    { afterMs: 0, status: 'Engaged' },
    { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('A') },
  ]);
  expect((await applicant.waitForEnd(HOUR_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
});

test('an input whose policy lacks what a later version added is followed with its defaults', async () => {
  const written = writtenBy010<CollectRecordsInput>('input');
  const { expiresMs: _expiresMs, settleMs, ...rest } = written.policy;
  const { error: _error, ...settle } = settleMs;
  const policy = { ...rest, settleMs: settle } as unknown as Policy;
  const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
  const { clientUserId } = written.details;
  const applicant = await followOn(new FakeUpstream(script), { clientUserId, input: { ...written, policy } });
  await applicant.skipUntil(({ stage }) => stage === 'invited', MINUTE_MS, HOUR_MS);
  expect((await applicant.waitForEnd(HOUR_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
});

test('a mailbox that 0.1.0 handed over passes its notices on', async () => {
  const input = writtenBy010<DeliverNoticesInput>('mailbox');
  const [{ humanId }] = input.waiting as [ReportNotice];
  const passed: ReportNotice[] = [];
  const runs = {
    ...NO_RUNS,
    findByHumanId: async () => 'POL-M',
    deliverReportNotice: async (_clientUserId: string, notice: ReportNotice) => {
      passed.push(notice);
      return 'taken' as const;
    },
  };
  const workflow = { workflowType: DELIVER_NOTICES, workflowId: mailboxWorkflowId(humanId), input };
  startWorkflow(workflow, { upstream: new FakeUpstream(), store: new FakeStore(), runs });
  const ended = await waitForResult(workflow.workflowId);
  expect(ended).toEqual({ clientUserId: 'POL-M', delivered: 2 });
  expect(new Set(passed)).toEqual(new Set(input.waiting));
});

test('a refresh that 0.1.0 handed over stores the version that it was waiting for', async () => {
  const writtenAtMs = Date.parse(writtenBy010<Manifest>('manifest-collected').closedAt ?? '');
  const byMs = (await nowMs()) - HOUR_MS - writtenAtMs;
  const input = later(writtenBy010<RefreshReportsInput>('refresh'), byMs);
  const store = new FakeStore();
  store.addManifest('POL-C', later(writtenBy010<Manifest>('manifest-collected'), byMs));
  const newer = new Date(writtenAtMs + byMs + MINUTE_MS).toISOString();
  const reports = [...provider('A'), row('u-A', 'unity', 'A', newer)];
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports }]);
  upstream.addPerson('POL-C', 'POL-C@example.org', writtenAtMs + byMs);
  const workflow = { workflowType: REFRESH_REPORTS, workflowId: refreshWorkflowId('POL-C'), input };
  startWorkflow(workflow, { upstream, store });
  const ended = await waitForResult(workflow.workflowId);
  expect(ended).toEqual({ clientUserId: 'POL-C', ended: 'refreshed', stored: 2, ignored: 0 });
});
