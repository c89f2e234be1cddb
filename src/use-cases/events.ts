import { type Delivery, type LoggedEvent, restartedDelivery, withDeliveries } from '../domain/event-log';
import type { EventSubject } from '../domain/events';
import { parseEventId } from '../events/event-id';
import { openEventLogs } from '../events/event-logs';
import { createDeliveries } from '../temporal/deliveries';
import { NotFound } from './errors';
import { recordAct } from './record-act';
import { currentMs } from './run-sources';
import { showApplicant } from './show-applicant';
import { changeTemporal, readStore } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { DeliveryView, EventsView, EventView } from './views';

/** The logs of the outbound events. */
export function eventLogsOf({ reportStore, encryption }: UseCaseDeps) {
  return openEventLogs(reportStore.shelf, encryption);
}

/** The events of an applicant, the newest first. @throws {NotFound}; {Unavailable}; KeyMissing */
export async function listEvents(deps: UseCaseDeps, clientUserId: string): Promise<EventsView> {
  const log = await readStore(() => eventLogsOf(deps).read({ kind: 'applicant', id: clientUserId }));
  // An applicant without events is not an unknown one.
  if (log === null) await showApplicant(deps, clientUserId);
  return {
    items: (log?.events ?? []).map(toEventView).reverse(),
    asOf: new Date(currentMs(deps)).toISOString(),
  };
}

/** Sends an event again, with its id and its bytes. `endpoint` null: to every endpoint that is configured. @throws {NotFound}; {Unavailable} */
export async function resendEvent(
  deps: UseCaseDeps,
  eventId: string,
  endpoint: string | null,
  actor: Actor,
): Promise<EventView> {
  const subject = parseEventId(eventId);
  const names = deps.events.endpoints.map(({ name }) => name).filter((name) => endpoint === null || name === endpoint);
  if (subject === null || names.length === 0) throw new NotFound('there is no such event, or no such endpoint');
  const clientUserId = subject.kind === 'batch' ? undefined : subject.id;
  return recordAct(deps, actor, { did: 'event-resend', clientUserId, detail: eventId }, async () => {
    const event = await restart(deps, subject, eventId, names);
    if (event === undefined) throw new NotFound('there is no such event');
    const { request } = createDeliveries(deps);
    await changeTemporal(async () => {
      for (const name of names) await request(name, subject, { isRestarted: true });
    });
    return toEventView(event);
  });
}

async function restart(deps: UseCaseDeps, subject: EventSubject, eventId: string, names: readonly string[]) {
  const log = await readStore(() =>
    eventLogsOf(deps).change(subject, (known) =>
      names.reduce(
        (changed, name) =>
          withDeliveries(changed, name, (delivery, { id }) =>
            id === eventId ? restartedDelivery(delivery, 'resend') : delivery,
          ),
        known,
      ),
    ),
  );
  return log?.events.find(({ id }) => id === eventId);
}

function toEventView(event: LoggedEvent): EventView {
  const { id, type, timestamp, data } = JSON.parse(event.body) as Omit<EventView, 'sequence' | 'deliveries'>;
  const deliveries = Object.entries(event.deliveries).map(([endpoint, delivery]) =>
    toDeliveryView(endpoint, delivery, event),
  );
  return { id, type, timestamp, sequence: event.sequence, data, deliveries };
}

export function toDeliveryView(endpoint: string, delivery: Delivery, { atMs }: LoggedEvent): DeliveryView {
  const { state, attempts, nextAttemptAtMs } = delivery;
  const nextAttemptAt = nextAttemptAtMs === null ? null : new Date(Math.max(nextAttemptAtMs, atMs)).toISOString();
  return { endpoint, state, attempts, nextAttemptAt };
}
