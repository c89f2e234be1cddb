import { RIVERBEND_CLINIC } from '../providers';
import { after, deliver, minutes, type Persona, setStatus } from './script';

/** The second hospital, Starfleet Medical, never delivers. */
export const partial: Persona = {
  name: 'partial',
  summary: 'connects two hospitals; only one delivers',
  ends: { outcome: 'partial', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(6), setStatus('Engaged')),
    after(minutes(5), setStatus('Syncing')),
    after(minutes(30), deliver(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(20), setStatus('Some Synced')),
  ],
};
