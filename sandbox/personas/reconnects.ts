import { RIVERBEND_CLINIC } from '../providers';
import { after, connectProvider, deliver, immediately, minutes, type Persona, setStatus } from './script';

/** Disconnects before the first delivery: a collector that ends at Disconnected gets no reports. */
export const reconnects: Persona = {
  name: 'reconnects',
  summary: 'disconnects a clinic before it has delivered and connects it again later',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(4), setStatus('Engaged')),
    after(minutes(4), connectProvider(RIVERBEND_CLINIC)),
    immediately(setStatus('Syncing')),
    after(minutes(8), setStatus('Disconnected')),
    after(minutes(30), connectProvider(RIVERBEND_CLINIC)),
    immediately(setStatus('Syncing')),
    after(minutes(18), deliver(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(4), setStatus('All Synced')),
  ],
};
