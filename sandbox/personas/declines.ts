import { after, becomes, minutes, type Persona } from './script';

/** A refusal is an answer too. */
export const declines: Persona = {
  name: 'declines',
  summary: 'opens the invitation, reads it and refuses',
  ends: { outcome: 'declined', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [after(minutes(9), becomes('Engaged')), after(minutes(6), becomes('Declined'))],
};
