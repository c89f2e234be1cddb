import { STARFLEET_MEDICAL } from '../providers';
import { after, becomes, days, delivers, minutes, type Persona } from './script';

/** Nothing is wrong, it only takes days. */
export const slow: Persona = {
  name: 'slow',
  summary: 'connects one hospital, which takes three days to deliver',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(5), becomes('Engaged')),
    after(minutes(5), becomes('Syncing')),
    after(days(3), delivers(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(5), becomes('All Synced')),
  ],
};
