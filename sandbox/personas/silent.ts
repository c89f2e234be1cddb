import type { Persona } from './script';

/** Nothing ever happens: only a deadline ends this one. */
export const silent: Persona = {
  name: 'silent',
  summary: 'never opens the invitation',
  ends: { outcome: 'expired', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [],
};
