import { after, minutes, type Persona, setStatus } from './script';

export const declines: Persona = {
  name: 'declines',
  summary: 'opens the invitation and declines',
  ends: { outcome: 'declined', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [after(minutes(9), setStatus('Engaged')), after(minutes(6), setStatus('Declined'))],
};
