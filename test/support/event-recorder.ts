import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { EVENT_TYPES, type EventSubject, type EventType } from '../../src/domain/events';
import { openEventLogs } from '../../src/events/event-logs';
import { createEventRecorder } from '../../src/events/recorder';
import { endpointOf } from '../../src/events/settings';
import type { ReportStore } from '../../src/report-store/port';

export const ENDPOINT = endpointOf('https://carrier.example/events');

/** Records events in a store for one endpoint, and remembers the requested deliveries. */
export function recordEventsIn({ shelf }: Pick<ReportStore, 'shelf'>, types: readonly EventType[] = EVENT_TYPES) {
  const logs = openEventLogs(shelf, NO_ENCRYPTION);
  const requests: EventSubject[] = [];
  const events = createEventRecorder({
    settings: { endpoints: [ENDPOINT], types },
    logs,
    requestDelivery: async (_, subject) => void requests.push(subject),
  });
  return {
    events,
    logs,
    requests,
    /** The bodies of an applicant's events, in order. */
    async read(clientUserId: string) {
      const log = await logs.read({ kind: 'applicant', id: clientUserId });
      return (log?.events ?? []).map(({ body }) => JSON.parse(body) as EventBody);
    },
  };
}

export interface EventBody {
  readonly id: string;
  readonly type: EventType;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}
