import { activityInfo, heartbeat, log } from '@temporalio/activity';
import pLimit from 'p-limit';
import { KeyMissing } from '../domain/encryption';
import { type EventLog, restartedDelivery, withDeliveries } from '../domain/event-log';
import type { EventSubject } from '../domain/events';
import type { EndpointState, Endpoints } from '../events/endpoints';
import type { EventLogs } from '../events/event-logs';
import { AlteredDocument } from '../report-store/errors';
import { translateStoreErrors } from './store';

/** The deliveries in Temporal; each method throws what its client throws. */
export interface DeliveryRuns {
  request(endpoint: string, subject: EventSubject): Promise<void>;
  wake(
    endpoint: string,
    subject: EventSubject,
    request: { readonly isProbe?: boolean; readonly isRestarted?: boolean },
  ): Promise<boolean>;
  /** Newest first; `next` null: the last page. */
  listRunning(
    endpoint: string,
    page?: Uint8Array | null,
  ): Promise<{ readonly subjects: readonly EventSubject[]; readonly next: Uint8Array | null }>;
}

export interface EndpointDeps {
  readonly endpoints: Endpoints;
  readonly logs: EventLogs;
  readonly deliveries: DeliveryRuns;
  readonly random?: () => number;
}

/** `sinceMs`, `untilMs`: when the events were made, in ms since 1970. */
export interface RecoverInput {
  readonly endpoint: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

const CONCURRENCY = 16;
/** Temporal keeps what a retry of the recovery skips. */
interface RecoverProgress {
  readonly after: string;
}

/** The activities of the workflow of an endpoint. */
export function createEndpointActivities({ endpoints, logs, deliveries, random = Math.random }: EndpointDeps) {
  return {
    async readEndpoint({ endpoint }: { readonly endpoint: string }): Promise<EndpointState> {
      return (await translateStoreErrors(() => endpoints.read(endpoint))).state;
    },

    /** Lets one delivery try, because the endpoint may work again. At random, because one event may be the cause. */
    async probeEndpoint({ endpoint }: { readonly endpoint: string }): Promise<void> {
      const { subjects } = await deliveries.listRunning(endpoint);
      const subject = subjects[Math.floor(random() * subjects.length)];
      if (subject) await deliveries.wake(endpoint, subject, { isProbe: true });
    },

    /** Wakes the deliveries that the endpoint held up. Returns how many. */
    async wakeDeliveries({ endpoint }: { readonly endpoint: string }): Promise<number> {
      const limit = pLimit(CONCURRENCY);
      let count = 0;
      let next: Uint8Array | null = null;
      do {
        const page: Awaited<ReturnType<DeliveryRuns['listRunning']>> = await deliveries.listRunning(endpoint, next);
        await limit.map(page.subjects, async (subject) => {
          heartbeat();
          if (await deliveries.wake(endpoint, subject, { isRestarted: true })) count += 1;
        });
        ({ next } = page);
      } while (next !== null);
      return count;
    },

    /** Sends what was not delivered of the events of this period. Repeats nothing that was delivered. Returns how many events. */
    async recoverEvents({ endpoint, sinceMs, untilMs }: RecoverInput): Promise<number> {
      const { after = '' } = (activityInfo().heartbeatDetails as RecoverProgress | undefined) ?? {};
      let count = 0;
      for (const kind of ['applicant', 'batch', 'erased'] as const) {
        for (const subject of await translateStoreErrors(() => logs.list(kind))) {
          const key = `${kind}/${subject.id}`;
          if (kind === 'applicant' && key <= after) continue;
          count += await recoverSubject(endpoint, subject, { sinceMs, untilMs });
          heartbeat({ after: key } satisfies RecoverProgress);
        }
      }
      return count;
    },
  };

  async function recoverSubject(
    endpoint: string,
    subject: EventSubject,
    { sinceMs, untilMs }: Omit<RecoverInput, 'endpoint'>,
  ): Promise<number> {
    let count = 0;
    let isRequested = false;
    const restart = (known: EventLog) => {
      count = 0;
      isRequested = false;
      return withDeliveries(known, endpoint, (delivery, { atMs }) => {
        const isWanted = atMs >= sinceMs && atMs <= untilMs;
        // An attempt that was interrupted has restarted it, and may have requested nothing.
        isRequested ||= delivery?.state === 'pending' && delivery.trigger === 'recover';
        if (!isWanted || delivery?.state === 'delivered' || delivery?.state === 'pending') return delivery;
        count += 1;
        return restartedDelivery(delivery, 'recover');
      });
    };
    await translateStoreErrors(() => logs.change(subject, restart).catch(ignoreUnreadable));
    if (count > 0 || isRequested) await deliveries.request(endpoint, subject);
    return count;
  }
}

/** One log that cannot be decrypted must not stop the others. */
function ignoreUnreadable(error: unknown): void {
  if (!(error instanceof KeyMissing || error instanceof AlteredDocument)) throw error;
  log.warn('events cannot be decrypted, so they are not recovered');
}
