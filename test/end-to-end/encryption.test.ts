import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createApplicants } from '../../src/temporal/applicants';
import { createLazyClient } from '../../src/temporal/connection';
import { detailsDigest } from '../../src/temporal/details';
import { generateKey } from '../../src/temporal/key-ring';
import { sweepScheduleId } from '../../src/temporal/schedules';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  invitationQuery,
  stateQuery,
  statusNoticeSignal,
} from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

const { History } = temporal.api.history.v1;

const [MAIN, NEXT, WEBHOOKS] = [generateKey('main'), generateKey('next'), generateKey('webhook')];
/** Everybody's ring, which lists the next key already, and the webhook's, which is the only key that it has. */
const OURS = `${MAIN},${NEXT},${WEBHOOKS}`;
const ROTATED = `${NEXT},${MAIN},${WEBHOOKS}`;
const TASK_QUEUE = 'encrypted';
const STEP_TIMEOUT_MS = 45_000;
const TEST_TIMEOUT_MS = 120_000;

let server: TemporalServer;
let installation: Installation;
/** Sees what Temporal sees. */
let stranger: Client;
let worker: RunningProcess;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeAll(async () => {
  server = await startTemporalServer();
  stranger = createLazyClient({ namespace: 'default', connection: { address: server.address } });
  installation = await Installation.start({
    ...{ temporalAddress: server.address, taskQueue: TASK_QUEUE, speed: 3_000, notices: 'sent' },
    policy: { SETTLE_ALL_SYNCED: '1s', POLL_INVITED: '1s', POLL_ENGAGED: '1s', POLL_SYNCING: '1s' },
    keys: { ours: OURS, webhooks: WEBHOOKS },
  });
  worker = await installation.startWorker();
}, TEST_TIMEOUT_MS);

afterAll(async () => {
  await installation?.remove();
  await stranger?.connection.close();
  await killLeftOvers();
  await server?.stop();
}, 60_000);

test(
  'an applicant is followed to the end, and nothing that the server holds of it can be read but ids, names and search attributes',
  async () => {
    await installation.enrol([{ clientUserId: 'POL-1', as: 'eager' }]);
    expect(await installation.ended('POL-1')).toMatchObject({ outcome: 'collected', documents: 3 });
    const { history, described } = await heldOf('POL-1');
    const payloads = payloadsIn([history, described.memo]);
    expect(payloads.length).toBeGreaterThan(40);
    const clear = payloads.filter(({ metadata }) => textOf(metadata?.['encoding']) !== 'binary/encrypted');
    // Of a local activity the SDK's core itself notes which one it was, and when.
    const noted = clear.map(({ data }) => Object.keys(JSON.parse(textOf(data)) as object).sort());
    const fields = [
      'activity_id',
      'activity_type',
      'attempt',
      'backoff',
      'complete_time',
      'original_schedule_time',
      'seq',
    ];
    expect(noted).toEqual(noted.map(() => fields));
    const bytes = Buffer.from(History.encode(history).finish());
    for (const canary of [
      '@example.org',
      'Robin',
      '1980-02-03',
      'Medical records of one applicant',
      'Invite the person',
    ]) {
      expect({ canary, found: bytes.includes(canary) }).toEqual({ canary, found: false });
    }
    // Its status notices were the webhook's, which holds a key of its own only.
    const keys = payloads
      .filter((payload) => !clear.includes(payload))
      .map(({ metadata }) => textOf(metadata?.['key']));
    expect(new Set(keys)).toEqual(new Set(['main', 'webhook']));
  },
  TEST_TIMEOUT_MS,
);

test(
  'what was started before is recognised by its encrypted digest: the same details, and others',
  async () => {
    expect(await installation.intake([{ clientUserId: 'POL-1', as: 'eager' }])).toEqual(['closed']);
    const others = [{ clientUserId: 'POL-1', as: 'several' }];
    await expect(installation.intake(others)).rejects.toThrow('conflict');
    await expect(installation.intake(others, [], { PAYLOAD_KEYS: generateKey('another') })).rejects.toThrow(
      /"main".*PAYLOAD_KEYS/,
    );
  },
  TEST_TIMEOUT_MS,
);

test(
  'a scheduled sweep takes the result of the one before, and the worker has refused nothing so far',
  async () => {
    const sweep = stranger.schedule.getHandle(sweepScheduleId(TASK_QUEUE));
    for (const round of [1, 2]) {
      await until('the schedule', STEP_TIMEOUT_MS, () =>
        sweep.trigger('BUFFER_ALL').then(
          () => true,
          () => false,
        ),
      );
      await until('the sweep to end', STEP_TIMEOUT_MS, async () => {
        const { count } = await stranger.workflow.count('WorkflowType = "sweep" AND ExecutionStatus = "Completed"');
        return count >= round;
      });
    }
    expect(await refusals()).toEqual({ plaintext: 0, altered: 0, foreign: 0 });
  },
  TEST_TIMEOUT_MS,
);

test(
  'the key is rotated under an open applicant, whose history then holds both',
  async () => {
    await installation.enrol([{ clientUserId: 'POL-rotated', as: 'silent' }]);
    await invited('POL-rotated');
    // Who holds no key gets the answer of a query encrypted as well.
    const { queryResult } = await stranger.workflowService.queryWorkflow({
      ...{ namespace: 'default', execution: { workflowId: applicantWorkflowId('POL-rotated') } },
      query: { queryType: invitationQuery.name },
    });
    const encodings = (queryResult?.payloads ?? []).map(({ metadata }) => textOf(metadata?.['encoding']));
    expect(encodings).toEqual(['binary/encrypted']);
    const applicants = createApplicants({ client: installation.client, taskQueue: TASK_QUEUE });
    expect(Object.keys((await applicants.readInvitation('POL-rotated')) ?? {}).sort()).toEqual(['inviteLink', 'why']);
    worker = await installation.replaceWorker(worker, { PAYLOAD_KEYS: ROTATED });
    await installation.client.workflow.getHandle(applicantWorkflowId('POL-rotated')).cancel();
    await untilClosed('POL-rotated');
    const { history } = await heldOf('POL-rotated');
    const keys = payloadsIn([history]).map(({ metadata }) => textOf(metadata?.['key']));
    expect(keys).toEqual(expect.arrayContaining(['main', 'next']));
  },
  TEST_TIMEOUT_MS,
);

test(
  'a lost key parks whom it concerns and nobody else; they go on when it is back',
  async () => {
    const lost = generateKey('lost');
    const withLost = { PAYLOAD_KEYS: `${lost},${OURS}` };
    expect(await installation.intake([{ clientUserId: 'POL-parked', as: 'eager' }], [], withLost)).toEqual(['started']);
    // Its deadline comes and goes while the other one waits.
    const deadline = { INVITATION_EXPIRES_AFTER: '3s' };
    expect(await installation.intake([{ clientUserId: 'POL-other', as: 'silent' }], [], deadline)).toEqual(['started']);
    expect(await installation.ended('POL-other')).toMatchObject({ outcome: 'expired' });
    const parked = await described('POL-parked');
    expect(parked.workflowExecutionInfo?.closeTime).toBeFalsy();
    await until('the task to be tried again', STEP_TIMEOUT_MS, async () => {
      const { pendingWorkflowTask } = await described('POL-parked');
      return (pendingWorkflowTask?.attempt ?? 0) > 1;
    });
    expect(await installation.upstream.people('POL-parked')).toEqual([]);
    worker = await installation.replaceWorker(worker, { PAYLOAD_KEYS: `${OURS},${lost}` });
    expect(await installation.ended('POL-parked')).toMatchObject({ outcome: 'collected' });
  },
  TEST_TIMEOUT_MS,
);

test(
  'a signal in clear is dropped and counted, and the deadline is kept',
  async () => {
    const details = { clientUserId: 'POL-forged', clientUserEmail: 'silent@example.org' };
    const expiresMs = { ...DEFAULT_POLICY.expiresMs, invitation: 4_000 };
    const request = { details, detailsDigest: detailsDigest(details), policy: { ...DEFAULT_POLICY, expiresMs } };
    await createApplicants({ client: installation.client, taskQueue: TASK_QUEUE }).start(request);
    const applicant = stranger.workflow.getHandle(applicantWorkflowId('POL-forged'));
    await applicant.signal(statusNoticeSignal, { humanId: 'anybody', status: 'Declined', updatedAt: null });
    expect(await installation.ended('POL-forged')).toMatchObject({ outcome: 'expired', reason: 'invitation-expired' });
    const ours = installation.client.workflow.getHandle(applicantWorkflowId('POL-forged'));
    expect(await ours.query(stateQuery)).toMatchObject({ ignoredNotices: 1 });
    expect((await refusals())['plaintext']).toBeGreaterThan(0);
  },
  TEST_TIMEOUT_MS,
);

test(
  'a start in clear fails visibly, and stops no list',
  async () => {
    await stranger.workflow.start(COLLECT_RECORDS, {
      ...{ workflowId: applicantWorkflowId('POL-clear'), taskQueue: TASK_QUEUE },
      args: [{ details: { clientUserId: 'POL-clear', clientUserEmail: 'eager@example.org' } }],
      memo: { detailsDigest: 'in clear' },
    });
    await until('the task to fail', STEP_TIMEOUT_MS, async () => {
      const { pendingWorkflowTask } = await described('POL-clear');
      return (pendingWorkflowTask?.attempt ?? 0) > 1;
    });
    const { history } = await heldOf('POL-clear');
    const failed = (history.events ?? []).flatMap(
      ({ workflowTaskFailedEventAttributes: attributes }) => attributes?.failure ?? [],
    );
    expect(failed).toMatchObject([{ message: 'Encoded failure', stackTrace: '' }]);
    expect(textOf(failed[0]?.encodedAttributes?.metadata?.['encoding'])).toBe('binary/encrypted');
    const { status, lines } = await installation.operate('sweep', '--json');
    expect({ status, lines: lines.length }).toEqual({ status: 0, lines: 1 });
    await stranger.workflow.getHandle(applicantWorkflowId('POL-clear')).terminate();
  },
  TEST_TIMEOUT_MS,
);

async function described(clientUserId: string) {
  const execution = { workflowId: applicantWorkflowId(clientUserId) };
  return stranger.workflowService.describeWorkflowExecution({ namespace: 'default', execution });
}

async function heldOf(clientUserId: string) {
  const history = await stranger.workflow.getHandle(applicantWorkflowId(clientUserId)).fetchHistory();
  const { workflowExecutionInfo } = await described(clientUserId);
  return { history, described: workflowExecutionInfo ?? {} };
}

async function invited(clientUserId: string) {
  const applicant = installation.client.workflow.getHandle(applicantWorkflowId(clientUserId));
  return until(`the invitation of ${clientUserId}`, STEP_TIMEOUT_MS, async () => {
    const state = await applicant.query(stateQuery);
    return state.humanId !== null && state;
  });
}

async function untilClosed(clientUserId: string): Promise<void> {
  await until(`${clientUserId} to close`, STEP_TIMEOUT_MS, async () => {
    return Boolean((await described(clientUserId)).workflowExecutionInfo?.closeTime);
  });
}

/** By the worker's metrics. */
async function refusals(): Promise<Record<string, number>> {
  const text = await (await fetch(`${worker.addresses[0]}/metrics`)).text();
  const found = [...text.matchAll(/^chartway_payloads_refused_total\{refusal="(\w+)".*\} (\d+)$/gm)];
  return Object.fromEntries(found.map(([, refusal, count]) => [refusal, Number(count)]));
}

/** Every payload that is stored, wherever it lies; not those of search attributes, which Temporal itself reads. */
function payloadsIn(value: unknown): temporal.api.common.v1.IPayload[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  if ('metadata' in value && 'data' in value) return [value as temporal.api.common.v1.IPayload];
  return Object.entries(value).flatMap(([name, part]) => (name === 'searchAttributes' ? [] : payloadsIn(part)));
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
