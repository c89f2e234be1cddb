import { MockActivityEnvironment } from '@temporalio/testing';
import { Registry } from 'prom-client';
import { createDeliverEvents, type DeliverEventsInput } from '../../src/activities/deliver-events';
import { createActivityMetrics } from '../../src/activities/metrics';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { type AttemptResult, withDeliveries } from '../../src/domain/event-log';
import { openEndpoints } from '../../src/events/endpoints';
import { openEventLogs } from '../../src/events/event-logs';
import { endpointOf } from '../../src/events/settings';
import { SILENT } from '../simulation/attempts';
import { FakeStore } from '../support/fake-store';

const ENDPOINT = endpointOf('https://carrier.example/events');
const { name } = ENDPOINT;
const subject = { kind: 'applicant', id: 'POL-1' } as const;
const DAY_MS = 86_400_000;

/** Two events of POL-1, and a receiver that answers `status`. */
async function setup(status: number | null, atMs = Date.now()) {
  const { shelf } = new FakeStore();
  const logs = openEventLogs(shelf, NO_ENCRYPTION);
  const endpoints = openEndpoints(shelf);
  const draft = { type: 'applicant.closed', atMs, round: 1, data: {} } as const;
  await logs.append(subject, { writer: 'w', from: 0, drafts: [draft, draft], endpoints: [name] });
  const sent: string[] = [];
  const requests: string[] = [];
  const answer: { status: number | null; during?: () => Promise<void> } = { status };
  const sender = {
    async send(_: unknown, { id }: { readonly id: string }): Promise<AttemptResult> {
      sent.push(id);
      const at = new Date().toISOString();
      await answer.during?.();
      const isSuccess = answer.status !== null && answer.status < 300;
      const failure = isSuccess ? null : 'status';
      return { at, status: answer.status, failure, durationMs: 1, retryAfterMs: null };
    },
  };
  const requestEndpoint = async (endpoint: string) => void requests.push(endpoint);
  const metrics = createActivityMetrics(new Registry());
  const settings = { endpoints: [ENDPOINT] };
  const deps = { settings, logs, endpoints, sender, requestEndpoint, metrics, random: () => 0.5 };
  const deliver = (input: Partial<DeliverEventsInput> = {}) =>
    new MockActivityEnvironment({}, { logger: SILENT }).run(createDeliverEvents(deps), {
      endpoint: name,
      subject,
      isProbe: false,
      ...input,
    });
  const read = async () => (await logs.read(subject))?.events.map(({ deliveries }) => deliveries[name]) ?? [];
  const countUndelivered = async (state: string) =>
    (await metrics.undeliveredEvents.get()).values.find(({ labels }) => labels.state === state)?.value;
  return { logs, endpoints, sent, requests, answer, deliver, read, countUndelivered };
}

test('a failed try is retried by Temporal after the delay of the schedule, and the next event waits', async () => {
  const { deliver, sent, read } = await setup(500);
  await expect(deliver()).rejects.toMatchObject({ type: 'EventWaits', category: 'BENIGN' });
  expect(sent).toHaveLength(1);
  const [first, second] = await read();
  expect(first).toMatchObject({ state: 'pending', step: 1, attempts: [{ status: 500, trigger: 'schedule' }] });
  expect(second).toMatchObject({ state: 'pending', attempts: [] });
  // It is not due yet.
  await expect(deliver()).rejects.toMatchObject({ type: 'EventWaits' });
  expect(sent).toHaveLength(1);
});

test('while an endpoint fails, only a probe sends, once; its success makes the endpoint active', async () => {
  const { deliver, sent, requests, endpoints, answer, read } = await setup(500);
  await endpoints.change(name, ['active'], 'failing');
  expect(await deliver()).toBe('held');
  expect(sent).toEqual([]);
  // A failed probe is not retried: otherwise each would hammer the endpoint.
  expect(await deliver({ isProbe: true })).toBe('held');
  expect(await deliver()).toBe('held');
  expect(sent).toHaveLength(1);
  expect((await read())[0]).toMatchObject({ step: 0, attempts: [{ trigger: 'probe' }] });
  answer.status = 204;
  expect(await deliver({ isProbe: true })).toBe('more');
  expect(sent).toHaveLength(2);
  expect((await endpoints.read(name)).state).toBe('active');
  expect(requests).toEqual([name]);
  // What waits is sent at once, although its next try was not due.
  expect(await deliver()).toBe('done');
  expect(sent).toHaveLength(3);
});

test('what was not due is sent at once when the endpoint is resumed', async () => {
  const { deliver, endpoints, answer, sent } = await setup(500);
  await expect(deliver()).rejects.toMatchObject({ type: 'EventWaits' });
  answer.status = 204;
  await endpoints.change(name, ['active'], 'paused');
  expect(await deliver()).toBe('held');
  await endpoints.change(name, ['paused'], 'active');
  expect(await deliver()).toBe('done');
  expect(sent).toHaveLength(3);
});

test('a failing endpoint or a removed one ends the wait after the period of the schedule, a paused one does not', async () => {
  const old = Date.now() - 5 * DAY_MS;
  const { deliver, endpoints, read } = await setup(500, old);
  await endpoints.change(name, ['active'], 'paused');
  expect(await deliver()).toBe('held');
  expect((await read()).map((one) => one?.state)).toEqual(['pending', 'pending']);
  const removed = await setup(500, old);
  await removed.logs.change(subject, (log) =>
    withDeliveries(log, '000000000000', () => log.events[0]?.deliveries[name]),
  );
  expect(await removed.deliver({ endpoint: '000000000000' })).toBe('held');
  const states = (await removed.logs.read(subject))?.events.map(({ deliveries }) => deliveries['000000000000']?.state);
  expect(states).toEqual(['given-up', 'given-up']);
  const failing = await setup(500, old);
  await failing.endpoints.change(name, ['active'], 'failing');
  expect(await failing.deliver()).toBe('held');
  expect((await failing.read()).map((one) => one?.state)).toEqual(['given-up', 'given-up']);
  expect(await failing.countUndelivered('given-up')).toBe(2);
});

test('a try that began before an endpoint was resumed does not stop it again', async () => {
  const { deliver, endpoints, answer, sent } = await setup(410);
  answer.during = async () => {
    await endpoints.change(name, ['active'], 'stopped');
    await endpoints.change(name, ['stopped'], 'active');
    answer.during = async () => {
      answer.status = 204;
    };
  };
  expect(await deliver()).toBe('done');
  expect(sent).toHaveLength(3);
  expect((await endpoints.read(name)).state).toBe('active');
});

test('an event that is appended during a delivery is sent too, and a resend is not lost', async () => {
  const { deliver, logs, sent, read } = await setup(204);
  const draft = { type: 'applicant.refreshed', atMs: Date.now(), round: 1, data: {} } as const;
  const delivering = deliver();
  await logs.append(subject, { writer: 'other', from: 0, drafts: [draft], endpoints: [name] });
  expect(await delivering).toBe('done');
  expect(sent).toHaveLength(3);
  expect((await read()).map((one) => one?.state)).toEqual(['delivered', 'delivered', 'delivered']);
});
