import { STARFLEET_PHARMA } from '../providers';
import { after, deliver, minutes, type Persona, setStatus } from './script';

/** Pharmacies have no CCD-A, so no complete record arrives and a collector must not wait for one. */
export const pharmacy: Persona = {
  name: 'pharmacy',
  summary: 'connects one pharmacy, which has no complete record',
  ends: { outcome: 'collected', providers: 1, documents: 2, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(3), setStatus('Engaged')),
    after(minutes(4), setStatus('Syncing')),
    after(minutes(12), deliver(STARFLEET_PHARMA, 'unity')),
    after(minutes(3), setStatus('All Synced')),
  ],
};
