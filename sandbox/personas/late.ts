import { STARFLEET_MEDICAL } from '../providers';
import { after, becomes, days, delivers, deliversUnannounced, minutes, type Persona } from './script';

/** The hospital's complete record comes a day after All Synced, and the notice of it is lost. */
export const late: Persona = {
  name: 'late',
  summary: 'connects one hospital, whose complete record appears unannounced a day after the end',
  ends: { outcome: 'collected', providers: 1, documents: 2, olderDocuments: 0, laterDocuments: 1 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), becomes('Engaged')),
    after(minutes(4), becomes('Syncing')),
    after(minutes(12), delivers(STARFLEET_MEDICAL, 'unity')),
    after(minutes(4), becomes('All Synced')),
    after(days(1), deliversUnannounced(STARFLEET_MEDICAL, 'ccdraw')),
  ],
};
