import { STARFLEET_MEDICAL } from '../providers';
import { after, becomes, delivers, minutes, type Persona } from './script';

/** Cuts the one provider after its delivery: what is there stays, nothing more will come. */
export const disconnects: Persona = {
  name: 'disconnects',
  summary: 'connects one hospital and cuts it off again once it has delivered',
  ends: { outcome: 'partial', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), becomes('Engaged')),
    after(minutes(5), becomes('Syncing')),
    after(minutes(18), delivers(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(10), becomes('Disconnected')),
  ],
};
