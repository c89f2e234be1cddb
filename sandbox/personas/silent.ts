import type { Persona } from './script';

/** Only a deadline ends this applicant. */
export const silent: Persona = {
  name: 'silent',
  summary: 'never opens the invitation',
  ends: { outcome: 'expired', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [],
};
