import { RIVERBEND_CLINIC } from '../providers';
import { after, deliver, minutes, type Persona, setStatus } from './script';

/** Waits at the provider's portal for 45 minutes before the provider is connected. */
export const attention: Persona = {
  name: 'attention',
  summary: 'accepts the terms of a portal after 45 minutes; then everything is delivered',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(5), setStatus('Engaged')),
    after(minutes(7), setStatus('Attn Required')),
    after(minutes(45), setStatus('Syncing')),
    after(minutes(20), deliver(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(5), setStatus('All Synced')),
  ],
};
