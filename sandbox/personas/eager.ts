import { STARFLEET_MEDICAL } from '../providers';
import { after, deliverTogether, minutes, type Persona, setStatus } from './script';

export const eager: Persona = {
  name: 'eager',
  summary: 'opens the invitation within minutes and connects one hospital, which delivers everything',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), setStatus('Engaged')),
    after(minutes(6), setStatus('Syncing')),
    after(minutes(25), deliverTogether(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(5), setStatus('All Synced')),
  ],
};
