import type { Append } from '../domain/event-log';
import type { EventSubject, EventType } from '../domain/events';
import type { EventLogs } from './event-logs';
import type { EventsSettings } from './settings';

/** Records outbound events. Without an endpoint it does nothing. */
export interface EventRecorder {
  /** The types that endpoints get; undefined without an endpoint. */
  readonly types: readonly EventType[] | undefined;
  /** Appends events to the log of their subject; a repeat adds nothing. Request their delivery afterwards. @throws the errors of the log */
  append(subject: EventSubject, append: Omit<Append, 'endpoints'>): Promise<void>;
  /** Requests the delivery of a subject's events to every endpoint. Can be repeated. @throws what Temporal's client throws */
  requestDeliveries(subject: EventSubject): Promise<void>;
}

interface RecorderDeps {
  readonly settings: Pick<EventsSettings, 'endpoints' | 'types'>;
  readonly logs: Pick<EventLogs, 'append'>;
  readonly requestDelivery: (endpoint: string, subject: EventSubject) => Promise<void>;
}

export function createEventRecorder({ settings, logs, requestDelivery }: RecorderDeps): EventRecorder {
  const endpoints = settings.endpoints.map(({ name }) => name);
  return {
    types: endpoints.length > 0 ? settings.types : undefined,
    async append(subject, append) {
      const drafts = append.drafts.filter(({ type }) => settings.types.includes(type));
      if (endpoints.length > 0 && drafts.length > 0) await logs.append(subject, { ...append, drafts, endpoints });
    },
    async requestDeliveries(subject) {
      await Promise.all(endpoints.map((endpoint) => requestDelivery(endpoint, subject)));
    },
  };
}
