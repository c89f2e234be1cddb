import { randomUUID } from 'node:crypto';
import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../src/domain/policy';
import { createApplicantRuns } from '../../src/temporal/notices';
import { createOperations } from '../../src/temporal/operations';
import {
  REFRESH_REPORTS,
  refreshWorkflowId,
  reportNoticeSignal,
  sweepWorkflowId,
  withdrawWorkflowId,
} from '../../src/workflows/contract';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, provider } from '../support/fake-upstream';
import type { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';
import type { Recorded } from './recorded';

type TemporalUnderTest = ReturnType<ReturnType<typeof useTemporalServer>>;

const CLIENT_USER_ID = 'closed';

/** A refresh that stores a provider's reports, one that a closing scheduled, a refresh of nothing, a sweep with findings, and a withdrawal by hand. */
export async function recordAfterClosing({ address, client }: TemporalUnderTest): Promise<Recorded[]> {
  const taskQueue = 'chartway';
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports: provider('p') }]);
  const { humanId } = upstream.addPerson(CLIENT_USER_ID, 'closed@example.org', 0);
  const reportStore = new FakeStore();
  const closedAt = new Date(Date.now() - HOUR_MS).toISOString();
  reportStore.addManifest(CLIENT_USER_ID, {
    humanId,
    outcome: 'collected',
    closedAt,
    wanted: { unity: ['json', 'pdf'] },
  });
  const stop = await startWorkers({ address, client, taskQueue, upstream, reportStore });
  try {
    const historyOf = (workflowId: string) => client.workflow.getHandle(workflowId).fetchHistory();
    const refresh = async (clientUserId: string, name: string): Promise<Recorded> => {
      const notice: ReportNotice = { humanId, reportId: 'u-p', type: 'unity', updatedAt: null };
      const workflowId = refreshWorkflowId(clientUserId);
      const start = { taskQueue, workflowId, args: [], signal: reportNoticeSignal };
      const handle = await client.workflow.signalWithStart(REFRESH_REPORTS, { ...start, signalArgs: [notice] });
      await handle.result();
      return { name, history: await handle.fetchHistory() };
    };
    const recordChecks = async (): Promise<Recorded> => {
      const runs = createApplicantRuns({ client, taskQueue, refreshForMs: DAY_MS });
      await runs.scheduleChecks(
        CLIENT_USER_ID,
        { closedAtMs: Date.now(), afterMs: [SECOND_MS, 3 * SECOND_MS] },
        SECOND_MS,
      );
      const handle = client.workflow.getHandle(refreshWorkflowId(CLIENT_USER_ID));
      await handle.result();
      return { name: 'refresh-checks', history: await handle.fetchHistory() };
    };
    const refreshed = await refresh(CLIENT_USER_ID, 'refresh');
    const checked = await recordChecks();
    const empty = await refresh(`unknown-${randomUUID()}`, 'refresh-of-nothing');
    upstream.addPerson('orphaned', 'orphaned@example.org', 0);
    const operations = createOperations({ client, taskQueue });
    await operations.sweep();
    await operations.withdraw('orphaned');
    return [
      refreshed,
      checked,
      empty,
      { name: 'sweep', history: await historyOf(sweepWorkflowId(taskQueue)) },
      { name: 'withdraw', history: await historyOf(withdrawWorkflowId('orphaned')) },
    ];
  } finally {
    await stop();
  }
}
