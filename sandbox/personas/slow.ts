import { STARFLEET_MEDICAL } from '../providers';
import { after, days, deliver, minutes, type Persona, setStatus } from './script';

export const slow: Persona = {
  name: 'slow',
  summary: 'connects one hospital, which takes three days to deliver',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(5), setStatus('Engaged')),
    after(minutes(5), setStatus('Syncing')),
    after(days(3), deliver(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(5), setStatus('All Synced')),
  ],
};
