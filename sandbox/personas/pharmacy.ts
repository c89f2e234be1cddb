import { STARFLEET_PHARMA } from '../providers';
import { after, becomes, delivers, minutes, type Persona } from './script';

/** Pharmacies have no CCD-A: no complete record comes, and nobody must wait for one. */
export const pharmacy: Persona = {
  name: 'pharmacy',
  summary: 'connects one pharmacy, which has no complete record to give',
  ends: { outcome: 'collected', providers: 1, documents: 2, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(3), becomes('Engaged')),
    after(minutes(4), becomes('Syncing')),
    after(minutes(12), delivers(STARFLEET_PHARMA, 'unity')),
    after(minutes(3), becomes('All Synced')),
  ],
};
