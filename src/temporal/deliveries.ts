import { randomUUID } from 'node:crypto';
import type { EventSubject } from '../domain/events';
import { MINUTE_MS } from '../domain/policy';
import {
  DELIVER_EVENTS,
  type DeliveryRequest,
  deliverSignal,
  deliveryIdPrefix,
  deliveryWorkflowId,
  type EndpointRequest,
  endpointSignal,
  endpointWorkflowId,
  parseWorkflowId,
  RECOVER_ENDPOINT,
} from '../workflows/contract';
import { defaultDeadlineMs, type TemporalDeps, toMs } from './rpc';
import { listRuns, type RunInfo } from './runs';
import { createSignals } from './signals';

/** Subjects with a delivery, and where the next page begins; null after the last one. */
export interface DeliveryPage {
  readonly subjects: readonly EventSubject[];
  readonly next: Uint8Array | null;
}

/**
 * The workflows that deliver events. A delivery runs exactly while an event of its subject waits for its endpoint. Lists come from visibility, which may
 * lag by some seconds. Every method throws what the client throws.
 */
export interface Deliveries {
  /** Starts the delivery of a subject's events to an endpoint, or wakes the one that runs. */
  request(endpoint: string, subject: EventSubject, request?: DeliveryRequest): Promise<void>;
  /** The same for a delivery that runs; false if none does. */
  wake(endpoint: string, subject: EventSubject, request?: DeliveryRequest): Promise<boolean>;
  /** Starts the workflow of an endpoint, or wakes it: its state has changed, or events are to be recovered. */
  requestEndpoint(endpoint: string, request?: EndpointRequest): Promise<void>;
  /** Deliveries that run, newest first. */
  listRunning(endpoint: string, page?: Uint8Array | null, pageSize?: number): Promise<DeliveryPage>;
  /** Deliveries that run or have ended, newest first; a subject may come more than once. `endpoint` null: to all. */
  listRecent(endpoint: string | null, page: Uint8Array | null, pageSize: number): Promise<DeliveryPage>;
  /** When the oldest delivery that runs began, in ms since 1970; null if none runs. */
  findOldestMs(endpoint: string): Promise<number | null>;
}

/** Lower than that of applicants. */
const PRIORITY = 4;
const PAGE_SIZE = 500;
/** Deliveries wait for some days at most, or for months while an endpoint is paused: 26 windows are a year. */
const MAX_WINDOWS = 26;
const FIRST_WINDOW_MS = MINUTE_MS / 4;

export function createDeliveries(deps: TemporalDeps): Deliveries {
  const { client } = deps;
  const signals = createSignals(deps);
  const toSignal = (endpoint: string, subject: EventSubject, payload: DeliveryRequest) => ({
    workflowId: deliveryWorkflowId(endpoint, subject),
    signalName: deliverSignal.name,
    payload,
    requestId: randomUUID(),
    untilMs: defaultDeadlineMs(),
  });

  async function list(query: string, pageSize: number, page: Uint8Array | null = null) {
    const { executions, nextPageToken } = await listRuns(client, query, {
      pageSize,
      ...(page && { nextPageToken: page }),
    });
    return { runs: executions ?? [], next: nextPageToken && nextPageToken.length > 0 ? nextPageToken : null };
  }

  async function listSubjects(query: string, pageSize: number, page: Uint8Array | null): Promise<DeliveryPage> {
    const { runs, next } = await list(query, pageSize, page);
    return { subjects: runs.flatMap(toSubject), next };
  }

  return {
    request: (endpoint, subject, request = {}) =>
      signals.sendWithStart(toSignal(endpoint, subject, request), DELIVER_EVENTS, { priorityKey: PRIORITY }),

    wake: (endpoint, subject, request = {}) => signals.send(toSignal(endpoint, subject, request)),

    requestEndpoint(endpoint, payload = {}) {
      const workflowId = endpointWorkflowId(endpoint);
      const [requestId, untilMs] = [randomUUID(), defaultDeadlineMs()];
      const signal = { workflowId, signalName: endpointSignal.name, payload, requestId, untilMs };
      return signals.sendWithStart(signal, RECOVER_ENDPOINT);
    },

    listRunning: (endpoint, page = null, pageSize = PAGE_SIZE) => listSubjects(runningQuery(endpoint), pageSize, page),

    listRecent: (endpoint, page, pageSize) => listSubjects(recentQuery(endpoint), pageSize, page),

    /** Visibility lists the newest first and sorts in no other way, so this looks before ever earlier times. */
    async findOldestMs(endpoint) {
      let oldestMs: number | null = null;
      const nowMs = Date.now();
      let [ageMs, windowMs] = [0, FIRST_WINDOW_MS];
      for (let windows = 0; windows < MAX_WINDOWS; windows += 1) {
        const before = new Date(nowMs - ageMs).toISOString();
        const filter = ageMs === 0 ? '' : ` AND StartTime < "${before}"`;
        const { runs, next } = await list(`${runningQuery(endpoint)}${filter}`, PAGE_SIZE);
        const startsMs = runs.flatMap(({ startTime }) => toMs(startTime) ?? []);
        if (startsMs.length === 0) return oldestMs;
        oldestMs = Math.min(oldestMs ?? Number.POSITIVE_INFINITY, ...startsMs);
        if (next === null) return oldestMs;
        ageMs = Math.max(nowMs - oldestMs, ageMs + windowMs);
        windowMs *= 2;
      }
      return oldestMs;
    },
  };
}

function recentQuery(endpoint: string | null): string {
  const all = `WorkflowType = "${DELIVER_EVENTS}"`;
  return endpoint === null ? all : `${all} AND WorkflowId STARTS_WITH "${deliveryIdPrefix(endpoint)}"`;
}

function runningQuery(endpoint: string): string {
  return `${recentQuery(endpoint)} AND ExecutionStatus = "Running"`;
}

function toSubject({ execution }: RunInfo): EventSubject[] {
  const parsed = parseWorkflowId(execution?.workflowId ?? '');
  return parsed?.kind === 'delivery' ? [parsed.subject] : [];
}
