import type { Payload, PayloadCodec } from '@temporalio/common';
import { Registry } from 'prom-client';
import { createMailboxActivities, createMailboxMetrics } from '../../src/activities/mailbox';
import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { createPayloadCodec, type DecodeFault } from '../../src/temporal/codec';
import { generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { createApplicantRuns } from '../../src/temporal/notices';
import { createOperations, ResultUnreadable } from '../../src/temporal/operations';
import { Unavailable } from '../../src/upstream/errors';
import { DELIVER_NOTICES, reportNoticeSignal, stateQuery, statusNoticeSignal } from '../../src/workflows/contract';
import type { Handle } from '../support/applicant-under-test';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, facts, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const TASK_QUEUE = 'undecodable';
const TIMEOUT_MS = 60_000;
const POLICY: Policy = {
  ...BY_NOTICES,
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: SECOND_MS },
  wanted: { ccdraw: ['pdf'] },
};
const ALL_SYNCED: readonly Change[] = [{ afterMs: 0, status: 'All Synced', reports: [row('r', 'ccdraw', 'A')] }];

/** A codec that finds a bit turned over in every payload whose clear text says `damaged`. */
class DamagingCodec implements PayloadCodec {
  /** Nothing, until a test says so. */
  damaged: (text: string, workflowId: string) => boolean = () => false;
  readonly refusals: DecodeFault[] = [];
  private readonly codec: PayloadCodec;

  constructor() {
    const ring = parseKeyRing(generateKey('test'));
    if (ring === null) throw new RangeError('not a ring');
    this.codec = createPayloadCodec(ring, 'default', (refusal) => this.refusals.push(refusal));
  }

  encode: PayloadCodec['encode'] = (payloads, context) => this.codec.encode(payloads, context);

  decode: PayloadCodec['decode'] = async (payloads, context) => {
    const clear = await this.codec.decode(payloads, context);
    return Promise.all(
      payloads.map(async (payload, at) => {
        const text = Buffer.from(clear[at]?.data ?? []).toString();
        const [decoded = payload] = this.damaged(text, context?.workflowId ?? '')
          ? await this.codec.decode([turned(payload)], context)
          : [clear[at]];
        return decoded;
      }),
    );
  };
}

function turned({ metadata, data }: Payload): Payload {
  const bytes = Buffer.from(data ?? []);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  return { metadata: metadata ?? null, data: bytes };
}

const codec = new DamagingCodec();
const [humanApi, store] = [new FakePeople(), new FakeStore()];
let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start(codec);
  const directory = createApplicantRuns({ client: server.client, taskQueue: TASK_QUEUE, refreshForMs: 60_000 });
  const deps = { directory, reportStore: store, seal: null, mailboxMetrics: createMailboxMetrics(new Registry()) };
  const inHouseActivities = {
    ...createMailboxActivities(deps),
    isApplicantOpen: async () => false,
    recordWithdrawal: async () => false,
  };
  await server.startWorkers({ taskQueue: TASK_QUEUE, humanApi, store, inHouseActivities });
}, TIMEOUT_MS);
beforeEach(() => {
  codec.damaged = () => false;
  codec.refusals.length = 0;
});
afterAll(() => server?.stop(), TIMEOUT_MS);

/** True once a task of the newest run has failed for the sake of a payload. */
async function standsStill(handle: Pick<Handle, 'fetchHistory'>): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).some(
    ({ workflowTaskFailedEventAttributes: failed }) =>
      failed?.failure?.applicationFailureInfo?.type === 'UndecodablePayload',
  );
}

async function invited(clientUserId: string, script: readonly Change[]) {
  const upstream = humanApi.add(clientUserId, script);
  const handle = await server.startApplicant(TASK_QUEUE, clientUserId, POLICY, 2_000);
  return { upstream, handle };
}

async function tellAllSynced({ upstream, handle }: Awaited<ReturnType<typeof invited>>): Promise<void> {
  const { humanId } = await until('an invitation', TIMEOUT_MS, () => upstream.people[0]);
  await handle.signal(statusNoticeSignal, { humanId, status: 'All Synced', updatedAt: new Date().toISOString() });
}

const COLLECTED = { outcome: 'collected', reason: null, documents: 1 };

test(
  'an answer of upstream that cannot be decoded stops its applicant, who goes on when it can be; nobody else is held up',
  async () => {
    codec.damaged = (text, workflowId) => workflowId === 'applicant-POL-1' && text.includes('"kind":"listed"');
    const [one, other] = [await invited('POL-1', ALL_SYNCED), await invited('POL-2', ALL_SYNCED)];
    await Promise.all([tellAllSynced(one), tellAllSynced(other)]);
    expect(await other.handle.result()).toEqual(COLLECTED);
    await until('a task to fail', TIMEOUT_MS, () => standsStill(one.handle));
    expect(codec.refusals).toContain('altered');
    expect(one.upstream.count('withdraw')).toBe(0);
    expect(one.upstream.count('openReport')).toBe(0);
    codec.damaged = () => false;
    expect(await one.handle.result()).toEqual(COLLECTED);
  },
  TIMEOUT_MS,
);

test(
  'a start whose input cannot be decoded invites nobody until it can be',
  async () => {
    codec.damaged = (text, workflowId) => workflowId === 'applicant-POL-3' && text.includes('detailsDigest');
    const applicant = await invited('POL-3', ALL_SYNCED);
    await until('a task to fail', TIMEOUT_MS, () => standsStill(applicant.handle));
    expect(applicant.upstream.calls).toEqual([]);
    codec.damaged = () => false;
    await tellAllSynced(applicant);
    expect(await applicant.handle.result()).toEqual(COLLECTED);
  },
  TIMEOUT_MS,
);

test(
  'signals that cannot be decoded are dropped and counted, and those after them are heard',
  async () => {
    codec.damaged = (text) => text.includes('damaged-on-the-way');
    const applicant = await invited('POL-4', ALL_SYNCED);
    const damaged = { humanId: 'damaged-on-the-way', status: 'Declined', updatedAt: null };
    await applicant.handle.signal(statusNoticeSignal, damaged);
    await tellAllSynced(applicant);
    expect(await applicant.handle.result()).toEqual(COLLECTED);
    expect(codec.refusals).toContain('altered');
    expect((await applicant.handle.query(stateQuery)).ignoredNotices).toBe(1);
  },
  TIMEOUT_MS,
);

test(
  'a mailbox drops what cannot be decoded and delivers the rest',
  async () => {
    codec.damaged = (text) => text.includes('damaged-on-the-way');
    const applicant = await invited('POL-5', []);
    const { humanId } = await until('an invitation', TIMEOUT_MS, () => applicant.upstream.people[0]);
    const notice = (reportId: string) => ({ humanId, reportId, type: null, updatedAt: null });
    const mailbox = await server.client.workflow.signalWithStart(DELIVER_NOTICES, {
      ...{ taskQueue: TASK_QUEUE, workflowId: `notices-${humanId}`, args: [{}] },
      ...{ signal: reportNoticeSignal, signalArgs: [notice('damaged-on-the-way')] },
    });
    await mailbox.signal(reportNoticeSignal, notice('r-1'));
    expect(await mailbox.result()).toEqual({ clientUserId: 'POL-5', delivered: 1 });
    await applicant.handle.terminate();
  },
  TIMEOUT_MS,
);

test(
  'an attempt whose progress cannot be decoded counts as one that died silently: no second create is sent upon it',
  async () => {
    const applicant = humanApi.add('POL-6', []);
    applicant.faults.push({ route: 'invite', error: new Unavailable(facts(503), 'scripted'), times: 1, after: true });
    applicant.editLookUp = (users) => (applicant.count('findPeople') < 5 ? [] : users);
    codec.damaged = (text, workflowId) => workflowId === 'applicant-POL-6' && text.includes('createSentAtMs');
    const handle = await server.startApplicant(TASK_QUEUE, 'POL-6', POLICY);
    await until('the person to be found', TIMEOUT_MS, async () => (await handle.query(stateQuery)).humanId);
    expect(codec.refusals).toContain('altered');
    expect(applicant.count('invite')).toBe(1);
    expect(applicant.people).toHaveLength(1);
    await handle.terminate();
  },
  TIMEOUT_MS,
);

test(
  'the end of a withdrawal that cannot be decoded is an error to who waits for it, and no end',
  async () => {
    codec.damaged = (text) => text.includes('"result":"nobody"');
    humanApi.add('POL-7', []);
    const operations = createOperations({ client: server.client, taskQueue: TASK_QUEUE });
    await expect(operations.withdraw('POL-7')).rejects.toThrow(ResultUnreadable);
  },
  TIMEOUT_MS,
);
