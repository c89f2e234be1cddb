import type { EventDraft, EventType } from './events';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './policy';

export const DELIVERY_STATES = ['pending', 'delivered', 'refused', 'given-up'] as const;
/** `refused`: the receiver refused the event itself. `given-up`: the schedule has ended. */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What caused a try. `probe`: it finds out whether a failing endpoint works again. */
export type DeliveryTrigger = 'schedule' | 'probe' | 'resend' | 'recover';

/** One try of a delivery. */
export interface DeliveryAttempt {
  /** ISO 8601. */
  readonly at: string;
  /** The HTTP status; null without an answer. */
  readonly status: number | null;
  /** Why there was no success, as a code (`timeout`, `status`, `connection-refused`, ...); null: success. */
  readonly failure: string | null;
  readonly durationMs: number;
  readonly trigger: DeliveryTrigger;
}

/** The delivery of one event to one endpoint. */
export interface Delivery {
  readonly state: DeliveryState;
  /** How many tries of the schedule were made. */
  readonly step: number;
  /** How often the receiver refused the event. */
  readonly refusals: number;
  /** When the next try is due, in ms since 1970; null if none is. */
  readonly nextAttemptAtMs: number | null;
  /** The receiver asked for no earlier try by Retry-After, in ms since 1970; 0: it did not ask. */
  readonly notBeforeMs?: number;
  /** The trigger of the next try. */
  readonly trigger: DeliveryTrigger;
  /** The last {@link MAX_ATTEMPTS}, oldest first. */
  readonly attempts: readonly DeliveryAttempt[];
}

/** An event whose bytes are fixed. */
export interface LoggedEvent {
  readonly id: string;
  readonly sequence: number;
  readonly type: EventType;
  readonly atMs: number;
  /** The JSON text that is sent. */
  readonly body: string;
  /** By the endpoint's name. */
  readonly deliveries: Readonly<Record<string, Delivery>>;
}

/** The events of one subject, in order. Stored as JSON. */
export interface EventLog {
  /** Distinguishes the ids of this log from those of a log that was erased. */
  readonly epoch: string;
  readonly lastSequence: number;
  /** The newest round that an event named. */
  readonly lastRound: number | null;
  /** How many events each writer has appended, so that a repeated append adds nothing. */
  readonly writers: Readonly<Record<string, number>>;
  readonly events: readonly LoggedEvent[];
}

/** The delay before each try, each plus or minus {@link JITTER}. After the last one the delivery is given up. */
export const DELIVERY_SCHEDULE_MS: readonly number[] = [
  0,
  5 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
const JITTER = 0.2;
/** A receiver's Retry-After counts up to this. */
const MAX_RETRY_AFTER_MS = DAY_MS;
/** The statuses by which a receiver refuses the event itself. */
const REFUSING_STATUSES: readonly (number | null)[] = [400, 404, 405, 413, 422];
/** Whether the receiver refused the event itself; this proves that the endpoint works. */
export function isRefusal({ status }: Pick<DeliveryAttempt, 'status'>): boolean {
  return REFUSING_STATUSES.includes(status);
}
const MAX_REFUSALS = 3;
const MAX_ATTEMPTS = 20;
/** The endpoint wants no more events. It is stopped, and the event waits. */
export const GONE = 410;
/** The oldest events beyond this are dropped, except ones that wait. */
const MAX_EVENTS = 500;

const EMPTY_DELIVERY: Delivery = {
  state: 'pending',
  step: 0,
  refusals: 0,
  nextAttemptAtMs: 0,
  trigger: 'schedule',
  attempts: [],
};

export function newEventLog(epoch: string): EventLog {
  return { epoch, lastSequence: 0, lastRound: null, writers: {}, events: [] };
}

/** Events that a writer appends. */
export interface Append {
  /** Identifies the writer; its events come in order. */
  readonly writer: string;
  /** How many events of the writer came before these. */
  readonly from: number;
  readonly drafts: readonly EventDraft[];
  /** The names of the endpoints that get them. */
  readonly endpoints: readonly string[];
  /** The sequence of the first event is greater than this. Default: that of the last one in the log. */
  readonly after?: number;
}

/** Appends the events that the log does not have yet. `encode` makes the id and the body of an event. */
export function withEvents(
  log: EventLog,
  { writer, from, drafts, endpoints, after = 0 }: Append,
  encode: (draft: EventDraft, sequence: number) => { readonly id: string; readonly body: string },
): EventLog {
  const known = log.writers[writer] ?? 0;
  const news = drafts.slice(Math.max(0, known - from));
  if (news.length === 0) return log;
  const last = Math.max(log.lastSequence, after);
  const events = news.map((draft, index): LoggedEvent => {
    const sequence = last + 1 + index;
    const deliveries = Object.fromEntries(endpoints.map((name) => [name, EMPTY_DELIVERY]));
    return { ...encode(draft, sequence), sequence, type: draft.type, atMs: draft.atMs, deliveries };
  });
  return withoutOldest({
    ...log,
    lastSequence: last + news.length,
    lastRound: news.reduce((round, draft) => draft.round ?? round, log.lastRound),
    writers: { ...log.writers, [writer]: from + drafts.length },
    events: [...log.events, ...events],
  });
}

function withoutOldest(log: EventLog): EventLog {
  const excess = log.events.length - MAX_EVENTS;
  if (excess <= 0) return log;
  const isWaiting = ({ deliveries }: LoggedEvent) => Object.values(deliveries).some(({ state }) => state === 'pending');
  return { ...log, events: log.events.filter((event, index) => index >= excess || isWaiting(event)) };
}

/** The events that wait for an endpoint, in order. */
export function pendingEvents(log: EventLog, endpoint: string): readonly LoggedEvent[] {
  return log.events.filter(({ deliveries }) => deliveries[endpoint]?.state === 'pending');
}

/** Whether a delivery was refused or given up. */
export function hasUndelivered(log: EventLog, endpoint: string): boolean {
  return log.events.some(({ deliveries }) => {
    const state = deliveries[endpoint]?.state;
    return state === 'refused' || state === 'given-up';
  });
}

/** The result of a try. `retryAfterMs`: what the receiver asked for; null: nothing. */
export interface AttemptResult extends Omit<DeliveryAttempt, 'trigger'> {
  readonly retryAfterMs: number | null;
}

/**
 * Learns the result of a try. `trigger`: that of a probe; null: that of the delivery. A probe, and a try before its time, do not use up the schedule.
 * `random`: 0 to 1.
 */
export function withAttempt(
  delivery: Delivery,
  { retryAfterMs, ...result }: AttemptResult,
  trigger: 'probe' | null,
  nowMs: number,
  random: number,
): Delivery {
  const attempt = { ...result, trigger: trigger ?? delivery.trigger };
  const attempts = [...delivery.attempts, attempt].slice(-MAX_ATTEMPTS);
  if (result.failure === null) return { ...delivery, state: 'delivered', nextAttemptAtMs: null, attempts };
  const refusals = delivery.refusals + (isRefusal(result) ? 1 : 0);
  if (refusals >= MAX_REFUSALS) return { ...delivery, refusals, state: 'refused', nextAttemptAtMs: null, attempts };
  const isEarly = Date.parse(result.at) < (delivery.nextAttemptAtMs ?? 0);
  const step = delivery.step + (trigger === 'probe' || isEarly || result.status === GONE ? 0 : 1);
  const delayMs = DELIVERY_SCHEDULE_MS[step];
  if (delayMs === undefined) return { ...delivery, refusals, step, state: 'given-up', nextAttemptAtMs: null, attempts };
  const scheduledMs = delayMs * (1 - JITTER + 2 * JITTER * random);
  const notBeforeMs = retryAfterMs === null ? 0 : nowMs + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
  const nextAttemptAtMs = Math.max(nowMs + Math.round(scheduledMs), notBeforeMs);
  return { ...delivery, refusals, step, nextAttemptAtMs, notBeforeMs, trigger: 'schedule', attempts };
}

/**
 * When the next try of a delivery is due, in ms since 1970. If the endpoint has worked again, or was resumed, since the last try, it is due at once,
 * except for what the receiver asked for.
 */
export function dueAtMs({ nextAttemptAtMs, notBeforeMs = 0, attempts }: Delivery, resumedAt: string | null): number {
  const isResumed = resumedAt !== null && Date.parse(resumedAt) >= Date.parse(attempts.at(-1)?.at ?? '');
  return isResumed ? notBeforeMs : (nextAttemptAtMs ?? 0);
}

/** A delivery that begins anew; its earlier attempts stay. */
export function restartedDelivery(delivery: Delivery | undefined, trigger: 'resend' | 'recover'): Delivery {
  return { ...EMPTY_DELIVERY, trigger, attempts: delivery?.attempts ?? [] };
}

/** A delivery that no longer waits, because its endpoint failed for the length of the schedule or is not configured any more. */
export function givenUpDelivery(delivery: Delivery): Delivery {
  return { ...delivery, state: 'given-up', nextAttemptAtMs: null };
}

/** How long a delivery waits in all. */
export const DELIVERY_PERIOD_MS = DELIVERY_SCHEDULE_MS.reduce((sum, delayMs) => sum + delayMs, 0);

/** Changes the deliveries of an endpoint. `change` returns the delivery itself to keep it; undefined stays undefined. */
export function withDeliveries(
  log: EventLog,
  endpoint: string,
  change: (delivery: Delivery | undefined, event: LoggedEvent) => Delivery | undefined,
): EventLog {
  const events = log.events.map((event) => {
    const before = event.deliveries[endpoint];
    const next = change(before, event);
    return next === before || next === undefined
      ? event
      : { ...event, deliveries: { ...event.deliveries, [endpoint]: next } };
  });
  return events.every((event, index) => event === log.events[index]) ? log : { ...log, events };
}
