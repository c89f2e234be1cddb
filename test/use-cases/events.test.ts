import { z } from 'zod';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { withDeliveries } from '../../src/domain/event-log';
import { openEndpoints } from '../../src/events/endpoints';
import { openEventLogs } from '../../src/events/event-logs';
import { createEventRecorder } from '../../src/events/recorder';
import { EVENTS_VARIABLES, eventsSettings } from '../../src/events/settings';
import { createDeliveries } from '../../src/temporal/deliveries';
import { readAttention } from '../../src/use-cases/attention';
import { listDeliveries } from '../../src/use-cases/deliveries';
import {
  listEndpoints,
  pauseEndpoint,
  recoverEndpoint,
  resumeEndpoint,
  testEndpoint,
} from '../../src/use-cases/endpoints';
import { InvalidInput, NotFound } from '../../src/use-cases/errors';
import { listEvents, resendEvent } from '../../src/use-cases/events';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { EVENTS_SECRET, startEventReceiver } from '../support/event-receiver';
import { useTemporalServer } from '../support/temporal-server';
import { useCaseDeps } from './deps';

const cleanup = useCleanup();
const temporal = useTemporalServer();
const OPERATOR = { who: 'operator-1' };
let queues = 0;

/** Two events of POL-1 in the store, and no worker. */
async function setup() {
  queues += 1;
  const receiver = await startEventReceiver(cleanup);
  const EVENTS_URL = `${receiver.url}?token=secret`;
  const events = eventsSettings(z.object(EVENTS_VARIABLES).parse({ EVENTS_URL, EVENTS_SECRET }));
  const { deps, store, acts } = useCaseDeps(temporal().client, { events, taskQueue: `use-cases-${queues}` });
  const logs = openEventLogs(store.shelf, NO_ENCRYPTION);
  const deliveries = createDeliveries(deps);
  const recorder = createEventRecorder({ settings: events, logs, requestDelivery: deliveries.request });
  const draft = { type: 'applicant.started', atMs: Date.now(), round: 1, data: { batchId: null } } as const;
  const subject = { kind: 'applicant', id: `POL-${queues}` } as const;
  await recorder.append(subject, { writer: 'run-1', from: 0, drafts: [draft, draft] });
  const [{ name } = { name: '' }] = events.endpoints;
  return { receiver, deps, store, acts, logs, deliveries, recorder, subject, name };
}

test('the events of an applicant show their deliveries, the newest first, without a worker', async () => {
  const { deps, subject, name } = await setup();
  const { items } = await listEvents(deps, subject.id);
  expect(items.map(({ sequence }) => sequence)).toEqual([2, 1]);
  expect(items[1]).toMatchObject({
    type: 'applicant.started',
    data: { clientUserId: subject.id, round: 1, sequence: 1, batchId: null },
    deliveries: [{ endpoint: name, state: 'pending', attempts: [], nextAttemptAt: expect.any(String) }],
  });
  await expect(listEvents(deps, 'POL-UNKNOWN')).rejects.toThrow(NotFound);
});

test('a resent event keeps its id and bytes; another id is not found', async () => {
  const { deps, logs, subject, name, deliveries, acts } = await setup();
  await logs.change(subject, (log) =>
    withDeliveries(log, name, (delivery) => delivery && { ...delivery, state: 'delivered', nextAttemptAtMs: null }),
  );
  const before = (await logs.read(subject))?.events[1];
  const event = await resendEvent(deps, before?.id ?? '', null, OPERATOR);
  expect(event).toMatchObject({ id: before?.id, sequence: 2, deliveries: [{ state: 'pending' }] });
  const after = (await logs.read(subject))?.events;
  expect(after?.[1]?.body).toBe(before?.body);
  expect(after?.[0]?.deliveries[name]?.state).toBe('delivered');
  await until('the delivery to run', async () => (await deliveries.listRunning(name)).subjects.length === 1);
  expect(acts).toMatchObject([{ who: 'operator-1', did: 'event-resend', clientUserId: subject.id }]);
  for (const eventId of ['evt_x', before?.id.replace(/_2_/, '_9_') ?? '', before?.id.replace(/.$/, 'x') ?? '']) {
    await expect(resendEvent(deps, eventId, null, OPERATOR)).rejects.toThrow(NotFound);
  }
  await expect(resendEvent(deps, before?.id ?? '', '000000000000', OPERATOR)).rejects.toThrow(NotFound);
});

test('deliveries are listed by applicant, by state and by page, and the log decides', async () => {
  const { deps, recorder, logs, subject, name } = await setup();
  const others = [`A-${queues}`, `B-${queues}`, `C-${queues}`].map((id) => ({ kind: 'applicant', id }) as const);
  const draft = { type: 'applicant.closed', atMs: Date.now(), round: 1, data: {} } as const;
  for (const other of others) await recorder.append(other, { writer: 'w', from: 0, drafts: [draft] });
  for (const other of [...others, subject]) await recorder.requestDeliveries(other);
  const list = (query: object) => listDeliveries(deps, { limit: 2, cursor: null, ...query });
  expect((await list({ clientUserId: subject.id })).items.map(({ sequence }) => sequence)).toEqual([2, 1]);
  expect((await list({ clientUserId: subject.id, state: 'delivered' })).items).toEqual([]);
  await until(
    'Temporal to list the deliveries',
    async () => (await list({ endpoint: name, limit: 50 })).items.length === 5,
  );
  const first = await list({ endpoint: name, state: 'pending' });
  const second = await list({ endpoint: name, state: 'pending', cursor: first.nextCursor });
  const ids = [...first.items, ...second.items].map(({ clientUserId }) => clientUserId);
  expect(new Set(ids)).toEqual(new Set([...others, subject].map(({ id }) => id)));
  await expect(list({ endpoint: name, cursor: first.nextCursor })).rejects.toThrow(InvalidInput);
  await expect(list({ endpoint: '000000000000' })).rejects.toThrow(InvalidInput);
  for (const other of others)
    await logs.change(other, (log) =>
      withDeliveries(log, name, (delivery) => delivery && { ...delivery, state: 'given-up' }),
    );
  const givenUp = await list({ state: 'given-up' });
  expect(givenUp.items.map(({ clientUserId }) => clientUserId)).toEqual([others[0]?.id, others[1]?.id]);
  expect((await list({ state: 'given-up', cursor: givenUp.nextCursor })).items).toHaveLength(1);
  expect((await readAttention(deps)).items).toMatchObject([
    { need: 'endpoint', action: expect.stringContaining(name) },
  ]);
});

test('an endpoint shows its state and its oldest pending event, and never the query of its URL', async () => {
  const { deps, recorder, subject, name, receiver, store, acts } = await setup();
  await recorder.requestDeliveries(subject);
  const show = async () => (await listEndpoints(deps)).items[0];
  const shown = await until('the pending delivery', async () => {
    const endpoint = await show();
    return endpoint?.oldestPending ? endpoint : null;
  });
  expect(shown).toMatchObject({ name, url: receiver.url, state: 'active', since: null, lastSuccess: null });
  for (let times = 0; times < 2; times += 1) {
    expect((await pauseEndpoint(deps, name, OPERATOR)).state).toBe('paused');
  }
  expect((await resumeEndpoint(deps, name, OPERATOR)).state).toBe('active');
  await openEndpoints(store.shelf).change(name, ['active'], 'stopped');
  expect((await readAttention(deps)).items).toMatchObject([{ need: 'endpoint', text: expect.stringContaining('410') }]);
  expect((await resumeEndpoint(deps, name, OPERATOR)).state).toBe('active');
  expect(acts.map(({ did }) => did)).toEqual([
    ...['endpoint-pause', 'endpoint-pause', 'endpoint-resume', 'endpoint-resume'],
  ]);
  for (const act of [pauseEndpoint, resumeEndpoint, testEndpoint])
    await expect((async () => act(deps, '000000000000', OPERATOR))()).rejects.toThrow(NotFound);
});

test('a test event is sent at once, signed, and its result is the answer', async () => {
  const { deps, receiver, name } = await setup();
  expect(await testEndpoint(deps, name, OPERATOR)).toMatchObject({ delivered: true, status: 204, failure: null });
  expect(receiver.received).toMatchObject([{ isValid: true, body: { type: 'endpoint.test' } }]);
  receiver.answerBy(() => 500);
  expect(await testEndpoint(deps, name, OPERATOR)).toMatchObject({ delivered: false, status: 500, failure: 'status' });
});

test('a recovery of a period that ends before it begins is invalid', async () => {
  const { deps, name } = await setup();
  expect(await recoverEndpoint(deps, name, { sinceMs: 1, untilMs: 2 }, OPERATOR)).toMatchObject({ name });
  await expect(recoverEndpoint(deps, name, { sinceMs: 2, untilMs: 1 }, OPERATOR)).rejects.toThrow(InvalidInput);
});
