import { STARFLEET_MEDICAL } from '../providers';
import { after, becomes, deliversTogether, hours, minutes, type Persona, revises } from './script';

/** The hospital corrects its summary half a day after everything was collected. */
export const updates: Persona = {
  name: 'updates',
  summary: 'like eager; half a day later one report gets a newer version',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 2 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), becomes('Engaged')),
    after(minutes(4), becomes('Syncing')),
    after(minutes(12), deliversTogether(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(4), becomes('All Synced')),
    after(hours(12), revises(STARFLEET_MEDICAL, 'unity')),
  ],
};
