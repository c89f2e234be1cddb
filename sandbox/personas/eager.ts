import { STARFLEET_MEDICAL } from '../providers';
import { after, becomes, deliversTogether, minutes, type Persona } from './script';

/** The straight way. */
export const eager: Persona = {
  name: 'eager',
  summary: 'opens the invitation within minutes and connects one hospital, which delivers everything',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), becomes('Engaged')),
    after(minutes(6), becomes('Syncing')),
    after(minutes(25), deliversTogether(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(5), becomes('All Synced')),
  ],
};
