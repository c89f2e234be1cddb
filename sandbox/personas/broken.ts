import { after, minutes, type Persona, setStatus } from './script';

/** The Error is permanent. */
export const broken: Persona = {
  name: 'broken',
  summary: 'connects a provider whose data can never be retrieved',
  ends: { outcome: 'failed', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(5), setStatus('Engaged')),
    after(minutes(5), setStatus('Syncing')),
    after(minutes(30), setStatus('Error')),
  ],
};
