import { STARFLEET_MEDICAL } from '../providers';
import { after, deliverTogether, hours, minutes, type Persona, revise, setStatus } from './script';

/** The hospital corrects its summary half a day after All Synced. */
export const updates: Persona = {
  name: 'updates',
  summary: 'like eager; half a day later one report gets a newer version',
  ends: { outcome: 'collected', providers: 1, documents: 3, olderDocuments: 0, laterDocuments: 2 },
  createAnswer: 'object',
  steps: [
    after(minutes(4), setStatus('Engaged')),
    after(minutes(4), setStatus('Syncing')),
    after(minutes(12), deliverTogether(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(4), setStatus('All Synced')),
    after(hours(12), revise(STARFLEET_MEDICAL, 'unity')),
  ],
};
