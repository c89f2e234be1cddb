import { z } from 'zod';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { restartedDelivery, withDeliveries } from '../../src/domain/event-log';
import type { EventDraft, EventSubject } from '../../src/domain/events';
import { openEndpoints } from '../../src/events/endpoints';
import { recordErased } from '../../src/events/erased-events';
import { openEventLogs } from '../../src/events/event-logs';
import { createEventRecorder } from '../../src/events/recorder';
import { createEventSender } from '../../src/events/sender';
import { EVENTS_VARIABLES, type EventsSettings, eventsSettings } from '../../src/events/settings';
import { createDeliveries } from '../../src/temporal/deliveries';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { EVENTS_SECRET, type ReceivedEvent, startEventReceiver } from '../support/event-receiver';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';
import { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';

const cleanup = useCleanup();
const temporal = useTemporalServer();
let queues = 0;

const closed = (round = 1): EventDraft => ({ type: 'applicant.closed', atMs: Date.now(), round, data: {} });
const applicant = (id: string): EventSubject => ({ kind: 'applicant', id });

/** A receiver, and workers that deliver to it. */
async function setup() {
  queues += 1;
  const taskQueue = `events-${queues}`;
  const { address, client } = temporal();
  const receiver = await startEventReceiver(cleanup);
  const settings = eventsSettings(z.object(EVENTS_VARIABLES).parse({ EVENTS_URL: receiver.url, EVENTS_SECRET }));
  const store = new FakeStore();
  const logs = openEventLogs(store.shelf, NO_ENCRYPTION);
  const endpoints = openEndpoints(store.shelf);
  const deliveries = createDeliveries({ client, taskQueue });
  const recorder = createEventRecorder({ settings, logs, requestDelivery: deliveries.request });
  const sender = createEventSender(settings, { timeoutMs: 1_000 });
  cleanup(() => sender.close());
  const work = async (configured: EventsSettings = settings) => {
    const upstream = new FakeUpstream([]);
    const options = { address, client, taskQueue, upstream, reportStore: store };
    const stop = await startWorkers({ ...options, deliveries: { settings: configured, sender } });
    cleanup(stop);
  };
  const [{ name } = { name: '' }] = settings.endpoints;
  let appended = 0;
  return {
    ...{ receiver, settings, store, logs, endpoints, deliveries, recorder, work, name },
    /** Appends `count` events of an applicant and requests their delivery. */
    async emit(id: string, count: number) {
      const drafts = Array.from({ length: count }, () => closed());
      appended += 1;
      await recorder.append(applicant(id), { writer: `w-${appended}`, from: 0, drafts });
      await recorder.requestDeliveries(applicant(id));
    },
    statesOf: async (id: string) =>
      (await logs.read(applicant(id)))?.events.map(({ deliveries: all }) => all[name]?.state) ?? [],
    untilDelivered: (id: string, count: number) =>
      until(`${count} events of ${id}`, () => receiver.acknowledged(id).length >= count, 150_000),
  };
}

const sequence = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('each applicant gets its events in order, with the same bytes on every try, and one that fails holds up no other', async () => {
  const { receiver, work, emit, untilDelivered, statesOf } = await setup();
  const tries = new Map<string, number>();
  receiver.answerBy(({ id, body }) => {
    const count = (tries.get(id) ?? 0) + 1;
    tries.set(id, count);
    if (body.data['clientUserId'] === 'STUCK') return 500;
    return body.data['sequence'] === 2 && count === 1 ? 503 : 204;
  });
  await work();
  await emit('STUCK', 3);
  await Promise.all([emit('POL-1', 3), emit('POL-2', 3)]);
  await untilDelivered('POL-1', 1);
  await Promise.all([emit('POL-1', 2), emit('POL-2', 1)]);
  await Promise.all([untilDelivered('POL-1', 5), untilDelivered('POL-2', 4)]);
  expect(receiver.acknowledged('POL-1')).toEqual(sequence(5));
  expect(receiver.acknowledged('POL-2')).toEqual(sequence(4));
  expect(receiver.received.every(({ isValid }) => isValid)).toBe(true);
  expect(new Set(receiver.received.map(({ id, raw }) => `${id} ${raw}`)).size).toBe(tries.size);
  // The first of the failing one is tried again before the others are tried at all.
  expect(new Set(receiver.received.filter(isOf('STUCK')).map(({ body }) => body.data['sequence']))).toEqual(
    new Set([1]),
  );
  await until('the ledger', async () => (await statesOf('POL-1')).every((state) => state === 'delivered'));
});

test('410 stops the endpoint until it is resumed, and then nothing is missing', async () => {
  const { receiver, work, emit, endpoints, deliveries, name, untilDelivered } = await setup();
  receiver.answerBy(() => 410);
  await work();
  await emit('POL-1', 2);
  await until('the stop', async () => (await endpoints.read(name)).state === 'stopped');
  const requests = receiver.received.length;
  await emit('POL-2', 1);
  receiver.answerBy(() => 204);
  await until('the other delivery to be held', async () => (await deliveries.listRunning(name)).subjects.length === 2);
  expect(receiver.received).toHaveLength(requests);
  await endpoints.change(name, ['stopped'], 'active');
  await deliveries.requestEndpoint(name);
  await Promise.all([untilDelivered('POL-1', 2), untilDelivered('POL-2', 1)]);
  expect(receiver.acknowledged('POL-1')).toEqual([1, 2]);
});

test('an endpoint that keeps failing is probed, not hammered; once it works, everything arrives in order', async () => {
  const { receiver, work, emit, endpoints, name, untilDelivered } = await setup();
  receiver.answerBy(() => 500);
  await work();
  const ids = Array.from({ length: 30 }, (_, index) => `POL-${index}`);
  await Promise.all(ids.map((id) => emit(id, 2)));
  const since = await until(
    'the endpoint to be failing',
    async () => {
      const { state, since } = await endpoints.read(name);
      return state === 'failing' && since;
    },
    30_000,
  );
  // Workers remember the state for 2 s, and a try may take a second. Without probes, each of the 30 would try again within seconds.
  const isLate = ({ atMs }: ReceivedEvent) => atMs > Date.parse(since) + 4_000;
  await until('a probe', () => receiver.received.some(isLate), 30_000);
  expect(receiver.received.filter(isLate).length).toBeLessThan(4);
  receiver.answerBy(() => 204);
  await Promise.all(ids.map((id) => untilDelivered(id, 2)));
  expect(ids.map((id) => receiver.acknowledged(id))).toEqual(ids.map(() => [1, 2]));
  expect((await endpoints.read(name)).state).toBe('active');
}, 240_000);

test('a resent event keeps its id and bytes, and ends the wait for the next try', async () => {
  const { receiver, work, emit, logs, deliveries, name, untilDelivered } = await setup();
  receiver.answerBy(({ id }) => (receiver.received.filter((one) => one.id === id).length < 3 ? 500 : 204));
  await work();
  await emit('POL-1', 1);
  await until('the second try', () => receiver.received.length === 2, 30_000);
  const resend = async () => {
    await logs.change(applicant('POL-1'), (log) =>
      withDeliveries(log, name, (delivery) => restartedDelivery(delivery, 'resend')),
    );
    await deliveries.request(name, applicant('POL-1'), { isRestarted: true });
  };
  // The third try is a minute away.
  await until('the third try', async () => {
    if (receiver.received.length === 2) await resend();
    return receiver.received.length >= 3;
  });
  await resend();
  await untilDelivered('POL-1', 1);
  expect(new Set(receiver.received.map(({ id, raw }) => `${id} ${raw}`)).size).toBe(1);
});

test('a recovery sends what was not delivered in its period, and nothing else', async () => {
  const { receiver, work, emit, logs, deliveries, name, untilDelivered } = await setup();
  await work();
  await emit('POL-1', 3);
  await untilDelivered('POL-1', 3);
  await emit('POL-2', 1);
  await untilDelivered('POL-2', 1);
  await until('the ledger', async () => (await deliveries.listRunning(name)).subjects.length === 0);
  await logs.change(applicant('POL-1'), (log) =>
    withDeliveries(log, name, (delivery, { sequence: at }) =>
      delivery && at !== 2 ? { ...delivery, state: 'given-up' } : delivery,
    ),
  );
  const before = receiver.received.length;
  await deliveries.requestEndpoint(name, { recover: { sinceMs: 0, untilMs: 1 } });
  await deliveries.requestEndpoint(name, { recover: { sinceMs: 0, untilMs: Date.now() } });
  await until('the recovered events', () => receiver.received.length === before + 2, 30_000);
  expect(receiver.received.slice(before).map(({ body }) => body.data)).toMatchObject([
    { clientUserId: 'POL-1', sequence: 1 },
    { clientUserId: 'POL-1', sequence: 3 },
  ]);
});

test('an event that is refused three times is set aside, and the next one is sent', async () => {
  const { receiver, work, emit, logs, name, untilDelivered, statesOf } = await setup();
  receiver.answerBy(({ body }) => (body.data['sequence'] === 1 ? 422 : 204));
  await emit('POL-1', 2);
  // Two refusals came before.
  await logs.change(applicant('POL-1'), (log) =>
    withDeliveries(log, name, (delivery, { sequence: at }) => delivery && { ...delivery, refusals: at === 1 ? 2 : 0 }),
  );
  await work();
  await untilDelivered('POL-1', 1);
  expect(receiver.acknowledged('POL-1')).toEqual([2]);
  await until('the ledger', async () => (await statesOf('POL-1')).join() === 'refused,delivered');
  expect(await logs.listUndelivered(name)).toEqual([applicant('POL-1')]);
});

test('the event of an erasure continues the sequence, and its log goes with it', async () => {
  const { receiver, work, recorder, logs, store, untilDelivered } = await setup();
  await work();
  await recordErased(recorder, 'POL-1', { endpoints: [], lastSequence: 7, lastRound: 2 }, Date.now());
  await untilDelivered('POL-1', 1);
  expect(receiver.received[0]?.body).toMatchObject({
    type: 'applicant.erased',
    data: { clientUserId: 'POL-1', round: 2, sequence: 8 },
  });
  await until('the log to be removed', async () => (await logs.list('erased')).length === 0);
  expect((await store.shelf.list('events/')).length).toBe(0);
});

function isOf(id: string) {
  return ({ body }: ReceivedEvent) => body.data['clientUserId'] === id;
}
