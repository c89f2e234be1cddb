import { type FileEncryption, KeyMissing } from '../domain/encryption';
import type { ErasableEvents, EventTrace } from '../domain/erasure';
import { AlteredDocument } from '../report-store/errors';
import type { Shelf } from '../report-store/shelf';
import { openEventLogs } from './event-logs';
import type { EventRecorder } from './recorder';

/** The events of applicants, as an erasure uses them. */
export function openErasableEvents(shelf: Shelf, encryption: FileEncryption): ErasableEvents {
  const logs = openEventLogs(shelf, encryption);
  return {
    async trace(clientUserId) {
      const log = await logs.read({ kind: 'applicant', id: clientUserId }).catch((error: unknown) => {
        if (error instanceof KeyMissing || error instanceof AlteredDocument) return null;
        throw error;
      });
      if (log === null) return null;
      const { lastSequence, lastRound, events } = log;
      const endpoints = new Set(events.flatMap(({ deliveries }) => Object.keys(deliveries)));
      return { endpoints: [...endpoints], lastSequence, lastRound };
    },
    remove: (clientUserId) => logs.remove({ kind: 'applicant', id: clientUserId }),
  };
}

/**
 * Records `applicant.erased`, once nothing else of the applicant is left; a repeat adds nothing. Its log holds only this event, and is removed when
 * it is delivered.
 */
export async function recordErased(
  recorder: EventRecorder,
  clientUserId: string,
  trace: EventTrace | null,
  nowMs: number,
): Promise<void> {
  if (recorder.types === undefined) return;
  const { lastSequence = 0, lastRound = null } = trace ?? {};
  const subject = { kind: 'erased', id: clientUserId } as const;
  const draft = { type: 'applicant.erased', atMs: nowMs, round: lastRound, data: {} } as const;
  await recorder.append(subject, { writer: `erasure-${lastSequence}`, from: 0, drafts: [draft], after: lastSequence });
  await recorder.requestDeliveries(subject);
}
