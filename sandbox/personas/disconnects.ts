import { STARFLEET_MEDICAL } from '../providers';
import { after, deliver, minutes, type Persona, setStatus } from './script';

/** Disconnects the provider after its delivery: delivered reports stay, no more arrive. */
export const disconnects: Persona = {
  name: 'disconnects',
  summary: 'connects one hospital and disconnects it after the delivery',
  ends: { outcome: 'partial', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), setStatus('Engaged')),
    after(minutes(5), setStatus('Syncing')),
    after(minutes(18), deliver(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(10), setStatus('Disconnected')),
  ],
};
