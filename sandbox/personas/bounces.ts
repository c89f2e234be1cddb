import { after, becomes, minutes, type Persona } from './script';

/** The e-mail comes back: nobody was ever reached, so there is no access either. */
export const bounces: Persona = {
  name: 'bounces',
  summary: 'has an address to which no invitation can be delivered',
  ends: { outcome: 'failed', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [after(minutes(2), becomes('Error'))],
};
