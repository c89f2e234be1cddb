import { disappear, immediately, type Persona } from './script';

/** Upstream confirms the invitation, but does not know the person afterwards and sends no notification. */
export const neverExisted: Persona = {
  name: 'never-existed',
  summary: 'is invited, but unknown to every later call',
  ends: { outcome: 'cancelled', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [immediately(disappear())],
};
