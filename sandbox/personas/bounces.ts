import { after, minutes, type Persona, setStatus } from './script';

/** The e-mail bounces, so the person never connects a provider and no access token is available. */
export const bounces: Persona = {
  name: 'bounces',
  summary: 'has an invalid e-mail address',
  ends: { outcome: 'failed', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [after(minutes(2), setStatus('Error'))],
};
