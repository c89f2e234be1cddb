import { after, becomes, minutes, type Persona } from './script';

/** The Error stays: reading it again later finds it unchanged. */
export const broken: Persona = {
  name: 'broken',
  summary: 'connects a provider whose data cannot be retrieved, now or later',
  ends: { outcome: 'failed', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [
    after(minutes(5), becomes('Engaged')),
    after(minutes(5), becomes('Syncing')),
    after(minutes(30), becomes('Error')),
  ],
};
