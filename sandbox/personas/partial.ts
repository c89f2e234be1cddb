import { RIVERBEND_CLINIC } from '../providers';
import { after, becomes, delivers, minutes, type Persona } from './script';

/** The second hospital (Starfleet Medical) is connected and never delivers. */
export const partial: Persona = {
  name: 'partial',
  summary: 'connects two hospitals, of which only one ever delivers',
  ends: { outcome: 'partial', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(6), becomes('Engaged')),
    after(minutes(5), becomes('Syncing')),
    after(minutes(30), delivers(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(20), becomes('Some Synced')),
  ],
};
