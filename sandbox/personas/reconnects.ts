import { RIVERBEND_CLINIC } from '../providers';
import { after, atOnce, becomes, connects, delivers, minutes, type Persona } from './script';

/** Second thoughts before anything was delivered: whoever gives up at Disconnected misses everything. */
export const reconnects: Persona = {
  name: 'reconnects',
  summary: 'cuts a clinic off before it has delivered, and connects it again later',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(4), becomes('Engaged')),
    after(minutes(4), connects(RIVERBEND_CLINIC)),
    atOnce(becomes('Syncing')),
    after(minutes(8), becomes('Disconnected')),
    after(minutes(30), connects(RIVERBEND_CLINIC)),
    atOnce(becomes('Syncing')),
    after(minutes(18), delivers(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(4), becomes('All Synced')),
  ],
};
