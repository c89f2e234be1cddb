import { activityInfo, CancelledFailure, Context, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import {
  type AttemptResult,
  DELIVERY_PERIOD_MS,
  type DeliveryState,
  dueAtMs,
  type EventLog,
  GONE,
  givenUpDelivery,
  isRefusal,
  type LoggedEvent,
  pendingEvents,
  withAttempt,
  withDeliveries,
} from '../domain/event-log';
import type { EventSubject } from '../domain/events';
import type { EndpointStatus, Endpoints } from '../events/endpoints';
import type { EventLogs } from '../events/event-logs';
import { createFailureTracker } from '../events/failure-tracker';
import type { EventSender } from '../events/sender';
import type { EventsSettings } from '../events/settings';
import type { ActivityMetrics } from './metrics';
import { translateStoreErrors } from './store';

export interface DeliveryDeps {
  readonly settings: Pick<EventsSettings, 'endpoints'>;
  readonly logs: EventLogs;
  readonly endpoints: Endpoints;
  readonly sender: Pick<EventSender, 'send'>;
  /** Starts or wakes the workflow of an endpoint whose state has changed. */
  readonly requestEndpoint: (endpoint: string) => Promise<void>;
  readonly metrics?: Pick<ActivityMetrics, 'undeliveredEvents'>;
  readonly random?: () => number;
}

export interface DeliveryTarget {
  /** The endpoint's name. */
  readonly endpoint: string;
  readonly subject: EventSubject;
}

/** `isProbe`: one event is sent even if the endpoint fails. */
export interface DeliverEventsInput extends DeliveryTarget {
  readonly isProbe: boolean;
}

/** `done`: nothing waits. `more`: the activity ended early. `held`: the endpoint takes nothing now. */
export type DeliveryEnd = 'done' | 'more' | 'held';

/** The log is written after this many events, so a killed worker repeats at most as many, with the same ids. */
const EVENTS_PER_WRITE = 20;
/** An activity ends after as many events, so that its heartbeats and retries stay meaningful. */
const EVENTS_PER_CALL = 100;
/** How many of the deliveries that find a failing endpoint request its probing again: one of so many is enough. */
const REQUEST_SHARE = 0.05;
/** With the jitter of each delay. */
const GIVE_UP_AFTER_MS = DELIVERY_PERIOD_MS * 1.2;

/** What the events of one group came to. `waitMs`: the next event is not due before; null: the group is complete. */
interface GroupEnd {
  readonly results: ReadonlyMap<string, AttemptResult>;
  readonly isHeld: boolean;
  /** The endpoint fails, and one event was sent all the same. */
  readonly isProbe: boolean;
  readonly waitMs: number | null;
}

/**
 * Delivers the events of a subject to an endpoint, in order. The log of the subject decides what is due; a failed try is retried by Temporal, which adds
 * nothing to the history.
 */
export function createDeliverEvents(deps: DeliveryDeps) {
  const { settings, logs, endpoints, sender, random = Math.random } = deps;
  const tracker = createFailureTracker();

  return async function deliverEvents({ endpoint: name, subject, isProbe }: DeliverEventsInput): Promise<DeliveryEnd> {
    for (let sent = 0; sent < EVENTS_PER_CALL; ) {
      const log = await translateStoreErrors(() => logs.read(subject));
      const pending = log === null ? [] : pendingEvents(log, name);
      if (pending.length === 0) {
        if (log !== null && subject.kind === 'erased') await removeDelivered(subject, log);
        return 'done';
      }
      const group = await sendGroup(name, subject, pending.slice(0, EVENTS_PER_WRITE), isProbe);
      sent += group.results.size;
      const failed = await learn(name, subject, group);
      if (group.isHeld) {
        await giveUpLate(name, subject);
        return 'held';
      }
      if (failed !== null) {
        // A failed probe ends here: only the workflow of the endpoint decides about the next one.
        if (group.isProbe) return 'held';
        // The state of the endpoint decides.
        if (failed.status === GONE) continue;
        throw retryAfter(failed.waitMs);
      }
      if (group.waitMs !== null) throw retryAfter(group.waitMs);
      if (group.isProbe) return 'more';
    }
    return 'more';
  };

  /** Stops at the first event that is not delivered. The end of the activity is noticed between events, so that no two tries overlap. */
  async function sendGroup(
    name: string,
    subject: EventSubject,
    pending: readonly LoggedEvent[],
    isProbe: boolean,
  ): Promise<GroupEnd> {
    const results = new Map<string, AttemptResult>();
    const endpoint = settings.endpoints.find((one) => one.name === name);
    const end = { results, isHeld: false, isProbe: false, waitMs: null };
    for (const event of pending) {
      heartbeat();
      if (Context.current().cancellationSignal.aborted && results.size === 0) throw new CancelledFailure('cancelled');
      if (Context.current().cancellationSignal.aborted) break;
      const status = await translateStoreErrors(() => endpoints.readCached(name));
      const { state } = status;
      const mayProbe = isProbe && state === 'failing';
      if (endpoint === undefined || (state !== 'active' && !mayProbe)) return { ...end, isHeld: true };
      const delivery = event.deliveries[name];
      const waitMs = delivery ? dueAtMs(delivery, status.resumedAt) - Date.now() : 0;
      if (waitMs > 0 && !mayProbe) return { ...end, waitMs };
      const result = await sender.send(endpoint, event);
      results.set(event.id, result);
      await track(name, subject, result, status);
      if (mayProbe) return { ...end, isProbe: true };
      if (result.failure !== null) break;
    }
    return end;
  }

  /** Writes the results. Returns the try whose event still waits, with the time until the next one; null if there is none. */
  async function learn(
    name: string,
    subject: EventSubject,
    { results, isProbe }: GroupEnd,
  ): Promise<{ readonly status: number | null; readonly waitMs: number } | null> {
    if (results.size === 0) return null;
    const nowMs = Date.now();
    const jitter = random();
    const trigger = isProbe ? 'probe' : null;
    const log = await translateStoreErrors(() =>
      logs.change(subject, (known) =>
        withDeliveries(known, name, (delivery, { id }) => {
          const result = results.get(id);
          // A late result of a worker that counted as dead must not undo a delivery.
          return result && delivery?.state === 'pending'
            ? withAttempt(delivery, result, trigger, nowMs, jitter)
            : delivery;
        }),
      ),
    );
    const [id, last] = [...results].at(-1) ?? [];
    const delivery = log?.events.find((event) => event.id === id)?.deliveries[name];
    if (id === undefined || !last || !delivery || last.failure === null) return null;
    if (delivery.state !== 'pending') {
      reportUndelivered(name, delivery.state, id);
      return null;
    }
    return { status: last.status, waitMs: Math.max(0, (delivery.nextAttemptAtMs ?? nowMs) - nowMs) };
  }

  async function track(
    name: string,
    { id }: EventSubject,
    result: AttemptResult,
    { state, resumedAt }: EndpointStatus,
  ): Promise<void> {
    if (result.failure === null) {
      tracker.succeed(name);
      await translateStoreErrors(() => endpoints.recordSuccess(name));
      if (state === 'failing') await changeState(name, ['failing'], 'active');
      return;
    }
    const isGone = result.status === GONE;
    if (!isGone && (isRefusal(result) || !tracker.fail(name, id, resumedAt))) return;
    tracker.succeed(name);
    // A try that began before the endpoint was resumed says nothing about it.
    const { resumedAt: newestAt } = await translateStoreErrors(() => endpoints.read(name));
    if (newestAt !== null && result.at <= newestAt) return;
    await (isGone ? changeState(name, ['active', 'failing'], 'stopped') : changeState(name, ['active'], 'failing'));
  }

  async function changeState(
    name: string,
    from: readonly EndpointStatus['state'][],
    to: EndpointStatus['state'],
  ): Promise<void> {
    const { hasChanged } = await translateStoreErrors(() => endpoints.change(name, from, to));
    if (!hasChanged) return;
    warn(`endpoint-${to}`, name);
    await deps.requestEndpoint(name);
  }

  /** While an endpoint fails, or is not configured any more, its events do not wait longer than the schedule. A paused one keeps them. */
  async function giveUpLate(name: string, subject: EventSubject): Promise<void> {
    const isConfigured = settings.endpoints.some((one) => one.name === name);
    const { state, resumedAt } = await translateStoreErrors(() => endpoints.readCached(name));
    if (isConfigured && state !== 'failing') return;
    // A worker that died after it had marked the endpoint has requested no probe.
    if (isConfigured && random() < REQUEST_SHARE) await deps.requestEndpoint(name);
    const resumedAtMs = resumedAt === null ? 0 : Date.parse(resumedAt);
    const isLate = (atMs: number) => Date.now() - Math.max(atMs, resumedAtMs) > GIVE_UP_AFTER_MS;
    let givenUp: string[] = [];
    await translateStoreErrors(() =>
      logs.change(subject, (known) => {
        givenUp = [];
        return withDeliveries(known, name, (delivery, { id, atMs }) => {
          // An operator may have restarted it since.
          if (delivery?.state !== 'pending' || delivery.trigger !== 'schedule' || !isLate(atMs)) return delivery;
          givenUp.push(id);
          return givenUpDelivery(delivery);
        });
      }),
    );
    for (const eventId of givenUp) reportUndelivered(name, 'given-up', eventId);
  }

  /** Nothing of an erased applicant stays once every endpoint has the event, or will not get it. */
  async function removeDelivered(subject: EventSubject, { events }: EventLog): Promise<void> {
    const isWaiting = events.some(({ deliveries }) =>
      Object.values(deliveries).some(({ state }) => state === 'pending'),
    );
    if (!isWaiting) await translateStoreErrors(() => logs.remove(subject));
  }

  function reportUndelivered(name: string, state: DeliveryState, eventId: string): void {
    deps.metrics?.undeliveredEvents.inc({ state });
    warn('event-undelivered', name, { state, eventId });
  }

  function warn(event: string, endpoint: string, fields: object = {}): void {
    log.warn(event, { event, endpoint, ...fields, attempt: activityInfo().attempt });
  }
}

/** Benign: it shows in no metric and no log as an error. */
function retryAfter(waitMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    message: 'the event waits for its next try',
    type: 'EventWaits',
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: Math.max(1, waitMs),
  });
}
