import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { version } from '../../package.json';
import type { Stage } from '../../src/domain/outcome';
import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { Undecided, ValidationRejected } from '../../src/upstream/errors';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  type CollectRecordsInput,
  reportNoticeSignal,
  stateQuery,
  statusNoticeSignal,
} from '../../src/workflows/contract';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, facts, provider } from '../support/fake-upstream';
import { fastPolls } from '../support/policies';
import { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';
import { type Recorded, writeHistories } from './recorded';

// Not a test: `npm run record -- --release` runs it with jest, once before a release. Most runs are open: a later version has to continue them.

const FOLDER = join(__dirname, version);
const temporal = useTemporalServer();

jest.setTimeout(120_000);

const POLICY: Policy = {
  ...fastPolls(2 * SECOND_MS),
  settleMs: { allSynced: 3 * SECOND_MS, someSynced: 3 * SECOND_MS, error: SECOND_MS },
  refreshCheckAfterMs: DEFAULT_POLICY.refreshCheckAfterMs,
};

test('records the runs of a release', async () => {
  if (existsSync(FOLDER)) throw new Error(`expected no ${FOLDER}: the histories of a release never change`);
  const recorded = await Promise.all([
    recordWaiting(),
    recordAttention(),
    recordClosing(),
    recordListInFlight(),
    recordRejected(),
    recordCancelled(),
    recordStuck(),
  ]);
  writeHistories(recorded, FOLDER);
});

/** Open: polls found nothing new, and a notice moved the status. */
function recordWaiting(): Promise<Recorded> {
  return record('waiting', [], async ({ upstream, sendStatus, waitForStage }) => {
    await upstream.waitForCall('readStatus', 2);
    await sendStatus('Engaged');
    await waitForStage('engaged');
  });
}

/** Open: after a notice and a poll, the person has to act at a provider. */
function recordAttention(): Promise<Recorded> {
  const script = [
    { afterMs: 0, status: 'Syncing', reports: provider('A') },
    { afterMs: 3 * SECOND_MS, status: 'Attn Required' },
  ];
  return record('attention', script, async ({ upstream, sendReport, waitForStage }) => {
    await sendReport('u-A');
    await waitForStage('attention');
    await upstream.waitForCall('readStatus', 4);
  });
}

/** A notice came while the outcome was written: the run stores its report, then completes. */
function recordClosing(): Promise<Recorded> {
  const script = [
    { afterMs: 0, status: 'All Synced', reports: provider('A') },
    { afterMs: 9 * SECOND_MS, reports: provider('B') },
  ];
  return record('closing', script, async ({ upstream, store, sendReport, waitForActivity, waitForEnd }) => {
    await until('the documents to be stored', () => store.written.length > 0);
    const release = store.hold();
    await waitForActivity('recordManifest');
    await sendReport('u-B');
    // Until upstream lists the reports of B.
    await pause(9 * SECOND_MS);
    release();
    await waitForEnd();
    expect(upstream.callsTo('openReport').some(({ target }) => target === 'u-B.pdf')).toBe(true);
  });
}

/** Open: a report notice came while the list was in flight that an earlier one had requested. */
function recordListInFlight(): Promise<Recorded> {
  const script = [
    { afterMs: 0, status: 'Syncing', reports: provider('A') },
    { afterMs: 9 * SECOND_MS, status: 'Attn Required' },
  ];
  return record('list-in-flight', script, async ({ upstream, sendReport, waitForStage, waitForActivity }) => {
    await waitForStage('syncing');
    const release = upstream.hold('listReports');
    await sendReport('u-A');
    await waitForActivity('listReports');
    await sendReport('u-B');
    release();
    await upstream.waitForCall('openReport', 3);
    await waitForStage('attention');
  });
}

/** Open: the answers of the polls do not decide about the person. */
function recordStuck(): Promise<Recorded> {
  return record('stuck', [], async ({ upstream, handle }) => {
    upstream.faults.push({ route: 'readStatus', error: new Undecided(facts(403), 'a gateway answers') });
    await until('the applicant to be stuck', async () => (await handle.query(stateQuery)).stuck);
    await upstream.waitForCall('readStatus', upstream.count('readStatus') + 2);
  });
}

/** Completed: upstream rejected the details. */
function recordRejected(): Promise<Recorded> {
  return record(
    'rejected',
    [],
    ({ waitForEnd }) => waitForEnd(),
    (upstream) => {
      upstream.faults.push({ route: 'invite', error: new ValidationRejected(facts(400), ['clientUserEmail']) });
    },
  );
}

/** Canceled by Temporal while a poll ran. */
function recordCancelled(): Promise<Recorded> {
  return record('cancelled', [], async ({ upstream, handle, waitForEnd }) => {
    await upstream.waitForCall('readStatus', 2);
    await handle.cancel();
    await waitForEnd();
  });
}

interface Running {
  readonly upstream: FakeUpstream;
  readonly store: FakeStore;
  readonly handle: WorkflowHandle;
  sendStatus(status: string): Promise<void>;
  sendReport(reportId: string): Promise<void>;
  waitForStage(stage: Stage): Promise<void>;
  /** Waits until the run has scheduled an activity of this type. */
  waitForActivity(type: string): Promise<void>;
  waitForEnd(): Promise<void>;
}

async function record(
  name: string,
  script: readonly Change[],
  live: (running: Running) => Promise<void>,
  prepare: (upstream: FakeUpstream) => void = () => undefined,
): Promise<Recorded> {
  const { address, client } = temporal();
  const [upstream, store, taskQueue] = [new FakeUpstream(script), new FakeStore(), `chartway-${name}`];
  prepare(upstream);
  const stop = await startWorkers({ address, client, taskQueue, upstream, reportStore: store });
  try {
    const clientUserId = `POL-${name}`;
    const details = { clientUserId, clientUserEmail: `${clientUserId}@example.org` };
    const input: CollectRecordsInput = { details, detailsDigest: 'digest', policy: POLICY };
    const handle = await client.workflow.start(COLLECT_RECORDS, {
      taskQueue,
      workflowId: applicantWorkflowId(clientUserId),
      args: [input],
    });
    const isClosed = async () => (await handle.describe()).status.name !== 'RUNNING';
    await until('the invitation', async () => upstream.people.length > 0 || (await isClosed()));
    const humanId = upstream.people[0]?.humanId ?? '';
    const updatedAt = () => new Date().toISOString();
    await live({
      upstream,
      store,
      handle,
      sendStatus: (status) => handle.signal(statusNoticeSignal, { humanId, status, updatedAt: updatedAt() }),
      sendReport: (reportId) =>
        handle.signal(reportNoticeSignal, { humanId, reportId, type: 'unity', updatedAt: updatedAt() }),
      async waitForStage(stage) {
        await until(`the stage ${stage}`, async () => (await handle.query(stateQuery)).stage === stage);
      },
      async waitForActivity(type) {
        await until(`the activity ${type}`, async () => {
          const { events } = await handle.fetchHistory();
          return events?.some((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === type);
        });
      },
      async waitForEnd() {
        await until('the end', isClosed);
      },
    });
    return { name, history: await handle.fetchHistory() };
  } finally {
    await stop();
  }
}
