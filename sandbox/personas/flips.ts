import { NEBULA_LABORATORIES, RIVERBEND_CLINIC } from '../providers';
import { after, deliver, minutes, type Persona, setStatus } from './script';

/** Some Synced is not final: the laboratory delivers within the settle window. */
export const flips: Persona = {
  name: 'flips',
  summary: 'connects a clinic and a laboratory; first Some Synced, shortly after All Synced',
  ends: { outcome: 'collected', providers: 2, documents: 5, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(5), setStatus('Engaged')),
    after(minutes(4), setStatus('Syncing')),
    after(minutes(15), deliver(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(3), setStatus('Some Synced')),
    after(minutes(4), deliver(NEBULA_LABORATORIES, 'unity')),
    after(minutes(2), setStatus('All Synced')),
  ],
};
