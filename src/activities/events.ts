import type { EventDraft } from '../domain/events';
import type { EventRecorder } from '../events/recorder';
import { translateStoreErrors } from './store';

/** Events of an applicant, in order. */
export interface EventsToRecord {
  readonly clientUserId: string;
  /** The id of the chain of runs. */
  readonly writer: string;
  /** How many events of this writer came before these. */
  readonly from: number;
  readonly events: readonly EventDraft[];
}

export interface EventDeps {
  readonly events: EventRecorder;
}

export function createEventActivities({ events: recorder }: EventDeps) {
  return {
    /** Appends the events to the applicant's log, and requests their delivery. A repeat adds nothing. */
    async recordEvents({ clientUserId, writer, from, events }: EventsToRecord): Promise<void> {
      const subject = { kind: 'applicant', id: clientUserId } as const;
      await translateStoreErrors(() => recorder.append(subject, { writer, from, drafts: events }));
      await recorder.requestDeliveries(subject);
    },
  };
}
