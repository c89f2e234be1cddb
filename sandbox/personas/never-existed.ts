import { atOnce, disappears, type Persona } from './script';

/** Upstream says "invited" and knows nobody of that name from then on; no notice ever says so. */
export const neverExisted: Persona = {
  name: 'never-existed',
  summary: 'is invited, says the answer, and yet unknown from then on',
  ends: { outcome: 'cancelled', providers: 0, documents: 0, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'object',
  steps: [atOnce(disappears())],
};
