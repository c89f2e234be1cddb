import {
  type AttemptResult,
  DELIVERY_SCHEDULE_MS,
  dueAtMs,
  pendingEvents,
  withAttempt,
  withDeliveries,
} from '../../src/domain/event-log';
import type { EventDraft } from '../../src/domain/events';
import { eventIdOf, parseEventId } from '../../src/events/event-id';
import { openEventLogs } from '../../src/events/event-logs';
import { documentIdOf } from '../../src/report-store/document-id';
import { FakeStore } from '../support/fake-store';
import { cipherOf } from '../support/keys';

const POL_1 = { kind: 'applicant', id: 'POL-1' } as const;
const ENDPOINT = 'a1b2c3d4e5f6';
const draft = (change: Partial<EventDraft> = {}): EventDraft => ({
  type: 'applicant.stage-changed',
  atMs: Date.UTC(2026, 11, 1, 8),
  round: 1,
  data: { stage: 'invited', previous: 'inviting', status: 'invited' },
  ...change,
});
const appendOf = (from: number, ...drafts: readonly EventDraft[]) => ({
  writer: 'run-1',
  from,
  drafts,
  endpoints: [ENDPOINT],
});

function setup() {
  const { shelf } = new FakeStore();
  const cipher = cipherOf(`a:${Buffer.alloc(32, 1).toString('base64')}`);
  const encryption = { cipher, encrypts: true };
  return { shelf, encryption, logs: openEventLogs(shelf, encryption) };
}

const failed = (change: Partial<AttemptResult> = {}): AttemptResult => ({
  at: '2026-12-01T08:00:00.000Z',
  status: 500,
  failure: 'status',
  durationMs: 3,
  retryAfterMs: null,
  ...change,
});

test('numbers the events of a subject from 1 without gaps, and a repeated append adds nothing', async () => {
  const { logs } = setup();
  await logs.append(POL_1, appendOf(0, draft(), draft()));
  await logs.append(POL_1, appendOf(0, draft(), draft()));
  await logs.append(POL_1, appendOf(1, draft(), draft()));
  const log = await logs.append(POL_1, { ...appendOf(0, draft({ round: 2 })), writer: 'run-2' });
  expect(log.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  expect(log).toMatchObject({ lastSequence: 4, lastRound: 2, writers: { 'run-1': 3, 'run-2': 1 } });
  expect(new Set(log.events.map(({ id }) => id)).size).toBe(4);
});

test('fixes the bytes of an event: its id, type, time and data, without the name of a provider', async () => {
  const { logs, shelf } = setup();
  const document = { file: 'acme-clinic/r1.pdf', type: 'unity', format: 'pdf', updatedAt: 'x', sha256: 'y', bytes: 7 };
  const { events } = await logs.append(POL_1, appendOf(0, draft({ type: 'document.stored', data: document })));
  const [event] = events;
  expect(JSON.parse(event?.body ?? '')).toEqual({
    id: event?.id,
    type: 'document.stored',
    timestamp: '2026-12-01T08:00:00.000Z',
    data: {
      clientUserId: 'POL-1',
      round: 1,
      sequence: 1,
      documentId: documentIdOf(document.file),
      type: 'unity',
      format: 'pdf',
      updatedAt: 'x',
      sha256: 'y',
      bytes: 7,
    },
  });
  expect(String(await shelf.get('events/applicant/POL-1.json'))).not.toContain('POL-1');
  expect((await logs.read(POL_1))?.events[0]?.body).toBe(event?.body);
});

test('an id leads back to its subject, and another text to none', () => {
  for (const id of ['POL-1', 'a', `${'Z~.-_'.repeat(19)}12345`]) {
    const eventId = eventIdOf({ kind: 'erased', id }, 12, '0123abcd');
    expect(eventId).not.toContain('.');
    expect(parseEventId(eventId)).toEqual({ kind: 'erased', id });
  }
  expect(parseEventId('evt_aUE9MLTE_1_0123abc')).toBeNull();
  expect(parseEventId('evt_x')).toBeNull();
});

test('a log that is made anew after an erasure has other ids', async () => {
  const { logs, shelf } = setup();
  const before = await logs.append(POL_1, appendOf(0, draft()));
  await logs.change(POL_1, (log) => withDeliveries(log, ENDPOINT, (one) => one && { ...one, state: 'given-up' }));
  await logs.remove(POL_1);
  expect(await shelf.list('')).toEqual([]);
  const after = await logs.append(POL_1, appendOf(0, draft()));
  expect(after.events[0]?.sequence).toBe(1);
  expect(after.events[0]?.id).not.toBe(before.events[0]?.id);
});

test('lists the subjects with a delivery that was refused or given up, until it is delivered', async () => {
  const { logs } = setup();
  await logs.append(POL_1, appendOf(0, draft()));
  expect(await logs.listUndelivered(ENDPOINT)).toEqual([]);
  const setState = (state: 'refused' | 'delivered') =>
    logs.change(POL_1, (log) => withDeliveries(log, ENDPOINT, (delivery) => delivery && { ...delivery, state }));
  await setState('refused');
  expect(await logs.listUndelivered(ENDPOINT)).toEqual([POL_1]);
  await setState('delivered');
  expect(await logs.listUndelivered(ENDPOINT)).toEqual([]);
  expect(await logs.change({ kind: 'applicant', id: 'POL-2' }, (log) => log)).toBeNull();
});

test('a crash between the mark of an undelivered event and its log loses no mark', async () => {
  const { logs, shelf, encryption } = setup();
  await logs.append(POL_1, appendOf(0, draft()));
  const crashing = openEventLogs(
    {
      ...shelf,
      update: async (name, change) => {
        await change(await shelf.get(name));
        throw new Error('killed');
      },
    },
    encryption,
  );
  const refuse = crashing.change(POL_1, (log) =>
    withDeliveries(log, ENDPOINT, (delivery) => delivery && { ...delivery, state: 'refused' }),
  );
  await expect(refuse).rejects.toThrow('killed');
  expect(await logs.listUndelivered(ENDPOINT)).toEqual([POL_1]);
});

describe('the schedule', () => {
  const deliveryOf = async () => {
    const log = await setup().logs.append(POL_1, appendOf(0, draft()));
    const delivery = pendingEvents(log, ENDPOINT)[0]?.deliveries[ENDPOINT];
    if (!delivery) throw new Error('expected a pending delivery');
    return delivery;
  };

  test('tries at once, then after each published delay plus or minus 20 %, then gives up', async () => {
    let delivery = await deliveryOf();
    expect(delivery.nextAttemptAtMs).toBe(0);
    for (const delayMs of DELIVERY_SCHEDULE_MS.slice(1)) {
      for (const [random, factor] of [
        [0, 0.8],
        [1, 1.2],
      ] as const) {
        const next = withAttempt(delivery, failed(), null, 1_000, random);
        expect(next.nextAttemptAtMs).toBe(1_000 + Math.round(delayMs * factor));
      }
      delivery = withAttempt(delivery, failed(), null, 1_000, 0.5);
      expect(delivery.state).toBe('pending');
    }
    expect(withAttempt(delivery, failed(), null, 1_000, 0.5)).toMatchObject({
      state: 'given-up',
      nextAttemptAtMs: null,
    });
    expect(DELIVERY_SCHEDULE_MS).toEqual([0, 5e3, 6e4, 3e5, 18e5, 72e5, 18e6, 36e6, 504e5, 72e6, 864e5]);
  });

  test.each([400, 404, 405, 413, 422])('sets an event aside that is refused three times with %i', async (status) => {
    let delivery = await deliveryOf();
    for (const state of ['pending', 'pending', 'refused']) {
      delivery = withAttempt(delivery, failed({ status }), null, 0, 0.5);
      expect(delivery.state).toBe(state);
    }
  });

  test('waits as long as the receiver asks for, but not for more than a day', async () => {
    const delivery = await deliveryOf();
    const next = (retryAfterMs: number) =>
      withAttempt(delivery, failed({ retryAfterMs }), null, 0, 0.5).nextAttemptAtMs;
    expect(next(90_000)).toBe(90_000);
    expect(next(1)).toBe(5_000);
    expect(next(1e12)).toBe(864e5);
  });

  test('a probe and a stopped endpoint do not use it up', async () => {
    const delivery = await deliveryOf();
    expect(withAttempt(delivery, failed(), 'probe', 0, 0.5)).toMatchObject({
      step: 0,
      attempts: [{ trigger: 'probe' }],
    });
    expect(withAttempt(delivery, failed({ status: 410 }), null, 0, 0.5).step).toBe(0);
  });

  test('an endpoint that works again gets an event at once, which does not use it up, but not before the time that it asked for', async () => {
    const delivery = await deliveryOf();
    const triedAtMs = Date.parse(failed().at);
    const plain = withAttempt(delivery, failed(), null, triedAtMs, 0.5);
    const resumedAt = new Date(triedAtMs + 1_000).toISOString();
    expect(dueAtMs(plain, null)).toBe(triedAtMs + 5_000);
    expect(dueAtMs(plain, new Date(triedAtMs - 1).toISOString())).toBe(triedAtMs + 5_000);
    expect(dueAtMs(plain, resumedAt)).toBe(0);
    const early = withAttempt(plain, failed({ at: resumedAt }), null, triedAtMs + 1_000, 0.5);
    expect(early).toMatchObject({ step: 1, nextAttemptAtMs: triedAtMs + 6_000 });
    const asked = withAttempt(delivery, failed({ status: 429, retryAfterMs: 90_000 }), null, triedAtMs, 0.5);
    expect(dueAtMs(asked, resumedAt)).toBe(triedAtMs + 90_000);
  });
});
