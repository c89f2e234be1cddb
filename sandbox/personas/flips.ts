import { NEBULA_LABORATORIES, RIVERBEND_CLINIC } from '../providers';
import { after, becomes, delivers, minutes, type Persona } from './script';

/** Some Synced is not the end: the laboratory comes within the time that is granted to the remaining providers. */
export const flips: Persona = {
  name: 'flips',
  summary: 'connects a clinic and a laboratory; Some Synced first, All Synced a little later',
  ends: { outcome: 'collected', providers: 2, documents: 5, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(5), becomes('Engaged')),
    after(minutes(4), becomes('Syncing')),
    after(minutes(15), delivers(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(3), becomes('Some Synced')),
    after(minutes(4), delivers(NEBULA_LABORATORIES, 'unity')),
    after(minutes(2), becomes('All Synced')),
  ],
};
