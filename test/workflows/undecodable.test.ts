import type { Payload, PayloadCodec } from '@temporalio/common';
import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { createPayloadCodec, type DecodeFault } from '../../src/temporal/codec';
import { generateKey } from '../../src/temporal/key-ring';
import { createOperations, ResultUnreadable } from '../../src/temporal/operations';
import { DELIVER_NOTICES, reportNoticeSignal, stateQuery, statusNoticeSignal } from '../../src/workflows/contract';
import type { Handle } from '../support/applicant-under-test';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, DOWN, row } from '../support/fake-upstream';
import { keyRingOf } from '../support/keys';
import { BY_NOTICES } from '../support/policies';
import { FakePeople } from './fake-people';
import { useRealServer } from './real-server';

const TASK_QUEUE = 'undecodable';
const POLICY: Policy = {
  ...BY_NOTICES,
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: SECOND_MS },
  wanted: { ccdraw: ['pdf'] },
};
const ALL_SYNCED: readonly Change[] = [{ afterMs: 0, status: 'All Synced', reports: [row('r', 'ccdraw', 'A')] }];

/** A codec that flips a bit of every payload whose clear text `damaged` selects. */
class DamagingCodec implements PayloadCodec {
  damaged: (text: string, workflowId: string) => boolean = () => false;
  readonly faults: DecodeFault[] = [];
  private readonly codec: PayloadCodec;

  constructor() {
    this.codec = createPayloadCodec(keyRingOf(generateKey('test')), 'default', (fault) => this.faults.push(fault));
  }

  encode: PayloadCodec['encode'] = (payloads, context) => this.codec.encode(payloads, context);

  decode: PayloadCodec['decode'] = async (payloads, context) => {
    const clear = await this.codec.decode(payloads, context);
    return Promise.all(
      payloads.map(async (payload, index) => {
        const text = Buffer.from(clear[index]?.data ?? []).toString();
        const [decoded = payload] = this.damaged(text, context?.workflowId ?? '')
          ? await this.codec.decode([flipBit(payload)], context)
          : [clear[index]];
        return decoded;
      }),
    );
  };
}

function flipBit({ metadata, data }: Payload): Payload {
  const bytes = Buffer.from(data ?? []);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  return { metadata: metadata ?? null, data: bytes };
}

const codec = new DamagingCodec();
const upstream = new FakePeople();
const server = useRealServer(codec);
beforeAll(() => server().startWorkers({ taskQueue: TASK_QUEUE, upstream, store: new FakeStore() }));
beforeEach(() => {
  codec.damaged = () => false;
  codec.faults.length = 0;
});

/** True once a task of the newest run has failed because of a payload. */
async function hasFailedTask(handle: Pick<Handle, 'fetchHistory'>): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).some(
    ({ workflowTaskFailedEventAttributes: failed }) =>
      failed?.failure?.applicationFailureInfo?.type === 'UndecodablePayload',
  );
}

async function invited(clientUserId: string, script: readonly Change[]) {
  const personUpstream = upstream.add(clientUserId, script);
  const handle = await server().startApplicant(TASK_QUEUE, clientUserId, POLICY, 2_000);
  return { personUpstream, handle };
}

async function sendAllSynced({ personUpstream, handle }: Awaited<ReturnType<typeof invited>>): Promise<void> {
  const { humanId } = await until('an invitation', () => personUpstream.people[0]);
  await handle.signal(statusNoticeSignal, { humanId, status: 'All Synced', updatedAt: new Date().toISOString() });
}

const COLLECTED = { outcome: 'collected', reason: null, documents: 1 };

test('an undecodable input invites no one until it can be decoded', async () => {
  codec.damaged = (text, workflowId) => workflowId === 'applicant-POL-3' && text.includes('detailsDigest');
  const applicant = await invited('POL-3', ALL_SYNCED);
  await until('a task to fail', () => hasFailedTask(applicant.handle));
  expect(applicant.personUpstream.calls).toEqual([]);
  codec.damaged = () => false;
  await sendAllSynced(applicant);
  expect(await applicant.handle.result()).toEqual(COLLECTED);
});

test('undecodable signals are dropped and counted, and later ones are received', async () => {
  codec.damaged = (text) => text.includes('damaged-on-the-way');
  const applicant = await invited('POL-4', ALL_SYNCED);
  const damaged = { humanId: 'damaged-on-the-way', status: 'Declined', updatedAt: null };
  await applicant.handle.signal(statusNoticeSignal, damaged);
  await sendAllSynced(applicant);
  expect(await applicant.handle.result()).toEqual(COLLECTED);
  expect(codec.faults).toContain('altered');
  expect((await applicant.handle.query(stateQuery)).ignoredNotices).toBe(1);
});

test('a mailbox drops an undecodable notice and delivers the others', async () => {
  codec.damaged = (text) => text.includes('damaged-on-the-way');
  const applicant = await invited('POL-5', []);
  const { humanId } = await until('an invitation', () => applicant.personUpstream.people[0]);
  const notice = (reportId: string) => ({ humanId, reportId, type: null, updatedAt: null });
  const mailbox = await server().client.workflow.signalWithStart(DELIVER_NOTICES, {
    taskQueue: TASK_QUEUE,
    workflowId: `notices-${humanId}`,
    args: [{}],
    signal: reportNoticeSignal,
    signalArgs: [notice('damaged-on-the-way')],
  });
  await mailbox.signal(reportNoticeSignal, notice('r-1'));
  expect(await mailbox.result()).toEqual({ clientUserId: 'POL-5', delivered: 1 });
  await applicant.handle.terminate();
});

test('an attempt with undecodable progress counts as lost: no second create is sent', async () => {
  const applicant = upstream.add('POL-6', []);
  applicant.faults.push({ route: 'invite', error: DOWN, times: 1, after: true });
  applicant.editLookUp = (users) => (applicant.count('findPeople') < 5 ? [] : users);
  codec.damaged = (text, workflowId) => workflowId === 'applicant-POL-6' && text.includes('createSentAtMs');
  const handle = await server().startApplicant(TASK_QUEUE, 'POL-6', POLICY);
  await until('the person to be found', async () => (await handle.query(stateQuery)).humanId);
  expect(codec.faults).toContain('altered');
  expect(applicant.count('invite')).toBe(1);
  expect(applicant.people).toHaveLength(1);
  await handle.terminate();
});

test('an undecodable result of a withdrawal is an error for the caller', async () => {
  codec.damaged = (text) => text.includes('"result":"nobody"');
  upstream.add('POL-7', []);
  const operations = createOperations({ client: server().client, taskQueue: TASK_QUEUE });
  await expect(operations.withdraw('POL-7')).rejects.toThrow(ResultUnreadable);
});
