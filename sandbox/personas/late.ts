import { STARFLEET_MEDICAL } from '../providers';
import { after, days, deliver, deliverUnannounced, minutes, type Persona, setStatus } from './script';

/** The hospital's complete record arrives one day after All Synced without a notification. */
export const late: Persona = {
  name: 'late',
  summary: 'connects one hospital; its complete record arrives a day after the end without a notification',
  ends: { outcome: 'collected', providers: 1, documents: 2, olderDocuments: 0, laterDocuments: 1 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), setStatus('Engaged')),
    after(minutes(4), setStatus('Syncing')),
    after(minutes(12), deliver(STARFLEET_MEDICAL, 'unity')),
    after(minutes(4), setStatus('All Synced')),
    after(days(1), deliverUnannounced(STARFLEET_MEDICAL, 'ccdraw')),
  ],
};
