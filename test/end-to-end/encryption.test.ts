import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createApplicants } from '../../src/temporal/applicants';
import { createLazyClient } from '../../src/temporal/connection';
import { detailsDigest } from '../../src/temporal/details';
import { generateKey } from '../../src/temporal/key-ring';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  invitationQuery,
  type SweepResult,
  stateQuery,
  statusNoticeSignal,
  sweepWorkflowId,
} from '../../src/workflows/contract';
import { until } from '../support/condition';
import { TASK_QUEUE, useInstallation } from '../support/installation';
import { readStored } from '../support/stored';

const { History } = temporal.api.history.v1;

const [MAIN, NEXT, WEBHOOKS] = [generateKey('main'), generateKey('next'), generateKey('webhook')];
/** The ring of all processes but the webhook, which has only its key. */
const RING = `${MAIN},${NEXT},${WEBHOOKS}`;

const installation = useInstallation({
  speed: 3_000,
  notices: 'sent',
  policy: { SETTLE_ALL_SYNCED: '1s', POLL_INVITED: '1s', POLL_ENGAGED: '1s', POLL_SYNCING: '1s' },
  keys: { main: RING, webhook: WEBHOOKS },
});
/** Has no key: reads what Temporal stores. */
let keylessClient: Client;
beforeAll(async () => {
  const { address } = installation().temporal;
  keylessClient = createLazyClient({ namespace: 'default', connection: { address } });
  await installation().startSamples([
    { clientUserId: 'POL-1', as: 'eager' },
    { clientUserId: 'POL-updates', as: 'updates' },
  ]);
});
afterAll(() => keylessClient?.connection.close());

test('Temporal stores nothing readable of an applicant but ids, names and search attributes; a second start compares encrypted digests', async () => {
  expect(await installation().waitForEnd('POL-1')).toMatchObject({ outcome: 'collected', documents: 3 });
  const history = await historyOf('POL-1');
  const payloads = payloadsIn([history, (await describeRun('POL-1')).workflowExecutionInfo?.memo]);
  expect(payloads.length).toBeGreaterThan(40);
  const clear = payloads.filter(({ metadata }) => textOf(metadata?.['encoding']) !== 'binary/encrypted');
  // The SDK's core records in clear which local activity ran, and when.
  const clearFields = clear.map(({ data }) => Object.keys(JSON.parse(textOf(data)) as object).sort());
  const markerFields = ['activity_id', 'activity_type', 'attempt', 'backoff', 'complete_time'];
  expect(clearFields).toEqual(clearFields.map(() => [...markerFields, 'original_schedule_time', 'seq']));
  const bytes = Buffer.from(History.encode(history).finish());
  const canaries = ['@example.org', 'Robin', '1980-02-03', 'Medical records of one applicant', 'Invite the person'];
  expect(canaries.filter((canary) => bytes.includes(canary))).toEqual([]);
  // The webhook encrypts its notices with its own key.
  const encrypted = payloads.filter((payload) => !clear.includes(payload));
  expect(new Set(keysOf(encrypted))).toEqual(new Set(['main', 'webhook']));

  expect(await installation().startApplicants([{ clientUserId: 'POL-1', as: 'eager' }])).toEqual(['closed']);
  const otherDetails = [{ clientUserId: 'POL-1', as: 'several' }];
  await expect(installation().startApplicants(otherDetails)).rejects.toThrow('conflict');
  await expect(
    installation().startApplicants(otherDetails, [], { PAYLOAD_KEYS: generateKey('another') }),
  ).rejects.toThrow(/"main".*PAYLOAD_KEYS/);
});

test('a scheduled sweep reads the result of the previous one, and the worker has rejected no payload', async () => {
  const sweep = keylessClient.schedule.getHandle(sweepWorkflowId(TASK_QUEUE));
  for (const round of [1, 2]) {
    await until('the schedule', () =>
      sweep.trigger('BUFFER_ALL').then(
        () => true,
        () => false,
      ),
    );
    await until('the sweep to end', async () => {
      const { count } = await keylessClient.workflow.count('WorkflowType = "sweep" AND ExecutionStatus = "Completed"');
      return count >= round;
    });
  }
  expect(await rejectedPayloads()).toEqual({ plaintext: 0, altered: 0, foreign: 0 });
});

test('a lost key stops only the applicants that need it until it is back; a rotated key continues an open applicant', async () => {
  await installation().startSamples([{ clientUserId: 'POL-rotated', as: 'silent' }]);
  await untilInvited('POL-rotated');
  // A client without a key receives an encrypted answer to a query.
  const { queryResult } = await keylessClient.workflowService.queryWorkflow({
    namespace: 'default',
    execution: { workflowId: applicantWorkflowId('POL-rotated') },
    query: { queryType: invitationQuery.name },
  });
  const encodings = (queryResult?.payloads ?? []).map(({ metadata }) => textOf(metadata?.['encoding']));
  expect(encodings).toEqual(['binary/encrypted']);
  const applicants = createApplicants({ client: installation().client, taskQueue: TASK_QUEUE });
  expect(Object.keys((await applicants.readInvitation('POL-rotated')) ?? {}).sort()).toEqual(['inviteLink', 'why']);

  const lost = generateKey('lost');
  const withLost = { PAYLOAD_KEYS: `${lost},${RING}` };
  expect(await installation().startApplicants([{ clientUserId: 'POL-parked', as: 'eager' }], [], withLost)).toEqual([
    'started',
  ]);
  // The deadline of this one passes while the parked one waits.
  const deadline = { INVITATION_EXPIRES_AFTER: '3s' };
  expect(await installation().startApplicants([{ clientUserId: 'POL-other', as: 'silent' }], [], deadline)).toEqual([
    'started',
  ]);
  expect(await installation().waitForEnd('POL-other')).toMatchObject({ outcome: 'expired' });
  expect((await describeRun('POL-parked')).workflowExecutionInfo?.closeTime).toBeFalsy();
  await untilTaskIsRetried('POL-parked');
  expect(await installation().upstream.people('POL-parked')).toEqual([]);

  await installation().replaceWorker({ PAYLOAD_KEYS: `${NEXT},${MAIN},${WEBHOOKS},${lost}` });
  expect(await installation().waitForEnd('POL-parked')).toMatchObject({ outcome: 'collected' });
  await installation().client.workflow.getHandle(applicantWorkflowId('POL-rotated')).cancel();
  await until('POL-rotated to close', async () => {
    return Boolean((await describeRun('POL-rotated')).workflowExecutionInfo?.closeTime);
  });
  const keys = keysOf(payloadsIn(await historyOf('POL-rotated')));
  expect(keys).toEqual(expect.arrayContaining(['main', 'next']));
});

// The newer version comes 15 s after the start, while the tests above run.
test('a version that comes after the closing is stored as upstream serves it, and the outcome stays', async () => {
  const { reports, upstream } = installation();
  expect(await installation().waitForEnd('POL-updates')).toMatchObject({ outcome: 'collected', documents: 3 });
  await until('the refresh', async () => {
    return (await readStored(reports, 'POL-updates')).manifest.refreshedAt !== null;
  });
  // Read again: the list of the folder may be older than the manifest.
  const { manifest, files } = await readStored(reports, 'POL-updates');
  expect(manifest).toMatchObject({ outcome: 'collected', reason: null, missing: [] });
  expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
  expect(manifest.documents.filter(({ superseded }) => superseded)).toHaveLength(2);
  const current = manifest.documents.filter(({ superseded }) => !superseded);
  const closedAt = manifest.closedAt ?? '';
  expect(current.map(({ storedAt }) => storedAt > closedAt).sort()).toEqual([false, true, true]);
  for (const { file, reportId, format } of current) {
    expect(files.get(file)).toEqual(await upstream.document('POL-updates', reportId, format));
  }
});

test('a signal in clear is dropped and counted, and the deadline stays', async () => {
  const details = { clientUserId: 'POL-forged', clientUserEmail: 'silent@example.org' };
  // Long enough for the signal to arrive before the end on a busy machine.
  const expiresMs = { ...DEFAULT_POLICY.expiresMs, invitation: 10_000 };
  const request = { details, detailsDigest: detailsDigest(details), policy: { ...DEFAULT_POLICY, expiresMs } };
  await createApplicants({ client: installation().client, taskQueue: TASK_QUEUE }).start(request);
  const applicant = keylessClient.workflow.getHandle(applicantWorkflowId('POL-forged'));
  await applicant.signal(statusNoticeSignal, { humanId: 'any', status: 'Declined', updatedAt: null });
  expect(await installation().waitForEnd('POL-forged')).toMatchObject({
    outcome: 'expired',
    reason: 'invitation-expired',
  });
  const decrypting = installation().client.workflow.getHandle(applicantWorkflowId('POL-forged'));
  expect(await decrypting.query(stateQuery)).toMatchObject({ ignoredNotices: 1 });
  expect((await rejectedPayloads())['plaintext']).toBeGreaterThan(0);
});

test('a start in clear fails with an encrypted failure, and a sweep still lists the other applicants', async () => {
  await keylessClient.workflow.start(COLLECT_RECORDS, {
    workflowId: applicantWorkflowId('POL-clear'),
    taskQueue: TASK_QUEUE,
    args: [{ details: { clientUserId: 'POL-clear', clientUserEmail: 'eager@example.org' } }],
    memo: { detailsDigest: 'in clear' },
  });
  await untilTaskIsRetried('POL-clear');
  const failures = ((await historyOf('POL-clear')).events ?? []).flatMap(
    ({ workflowTaskFailedEventAttributes: attributes }) => attributes?.failure ?? [],
  );
  expect(failures).toMatchObject([{ message: 'Encoded failure', stackTrace: '' }]);
  expect(textOf(failures[0]?.encodedAttributes?.metadata?.['encoding'])).toBe('binary/encrypted');
  const { status, lines } = await installation().runCommand('sweep', '--json');
  expect({ status, lines: lines.length }).toEqual({ status: 0, lines: 1 });
  await keylessClient.workflow.getHandle(applicantWorkflowId('POL-clear')).terminate();
});

test('the command `sweep` finds a terminated applicant, `withdraw` withdraws it, and a file does not start it again', async () => {
  const { upstream } = installation();
  const applicant = { clientUserId: 'POL-ended', as: 'silent' };
  await installation().startSamples([applicant]);
  await untilInvited('POL-ended');
  await keylessClient.workflow.getHandle(applicantWorkflowId('POL-ended')).terminate();
  const printed = async (...args: readonly string[]) => {
    const { status, lines, stderr } = await installation().runCommand(...args, '--json');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  };
  await until('the finding', async () => {
    const { first } = (await printed('sweep')) as unknown as SweepResult;
    return first.terminated.includes('POL-ended');
  });
  expect(await printed('withdraw', 'POL-ended')).toMatchObject({ result: 'withdrawn', people: 1, recorded: true });
  expect(await upstream.people('POL-ended')).toEqual([expect.objectContaining({ deleted: true })]);
  expect(await installation().startApplicants([applicant])).toEqual(['closed']);
  expect(await upstream.people('POL-ended')).toHaveLength(1);
});

async function describeRun(clientUserId: string) {
  const execution = { workflowId: applicantWorkflowId(clientUserId) };
  return keylessClient.workflowService.describeWorkflowExecution({ namespace: 'default', execution });
}

function historyOf(clientUserId: string) {
  return keylessClient.workflow.getHandle(applicantWorkflowId(clientUserId)).fetchHistory();
}

async function untilInvited(clientUserId: string): Promise<void> {
  const applicant = installation().client.workflow.getHandle(applicantWorkflowId(clientUserId));
  await until(`the invitation of ${clientUserId}`, async () => {
    return (await applicant.query(stateQuery)).humanId !== null;
  });
}

async function untilTaskIsRetried(clientUserId: string): Promise<void> {
  await until(`the task of ${clientUserId} to fail and be retried`, async () => {
    return ((await describeRun(clientUserId)).pendingWorkflowTask?.attempt ?? 0) > 1;
  });
}

/** Returns the counts of the worker's metric, by reason. */
async function rejectedPayloads(): Promise<Record<string, number>> {
  const text = await (await fetch(`${installation().worker.addresses[0]}/metrics`)).text();
  const counts = [...text.matchAll(/^chartway_payloads_refused_total\{refusal="(\w+)".*\} (\d+)$/gm)];
  return Object.fromEntries(counts.map(([, reason, count]) => [reason, Number(count)]));
}

/** Returns each stored payload at any depth, except search attributes, which Temporal reads. */
function payloadsIn(value: unknown): temporal.api.common.v1.IPayload[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  if ('metadata' in value && 'data' in value) return [value as temporal.api.common.v1.IPayload];
  return Object.entries(value).flatMap(([name, part]) => (name === 'searchAttributes' ? [] : payloadsIn(part)));
}

function keysOf(payloads: readonly temporal.api.common.v1.IPayload[]): string[] {
  return payloads.map(({ metadata }) => textOf(metadata?.['key']));
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
