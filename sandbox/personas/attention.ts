import { RIVERBEND_CLINIC } from '../providers';
import { after, becomes, delivers, minutes, type Persona } from './script';

/** Held up at the provider's portal for most of an hour, before anything is connected. */
export const attention: Persona = {
  name: 'attention',
  summary: 'must accept the terms of a portal first, does so after a while; then everything is delivered',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(5), becomes('Engaged')),
    after(minutes(7), becomes('Attn Required')),
    after(minutes(45), becomes('Syncing')),
    after(minutes(20), delivers(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(5), becomes('All Synced')),
  ],
};
