import { NEBULA_LABORATORIES, RIVERBEND_CLINIC, STARFLEET_MEDICAL, STARFLEET_PHARMA } from '../providers';
import { after, deliver, deliverSummaries, deliverTogether, minutes, type Persona, revise, setStatus } from './script';

/** Two hospitals deliver unity (json, pdf) and ccdraw (pdf), pharmacy and laboratory unity only: 2 x 3 + 2 x 2 documents. */
export const several: Persona = {
  name: 'several',
  summary: 'connects four providers, two of them without a complete record; one report is updated before the end',
  ends: { outcome: 'collected', providers: 4, documents: 10, olderDocuments: 2, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(4), setStatus('Engaged')),
    after(minutes(4), setStatus('Syncing')),
    after(minutes(15), deliverTogether(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(10), deliver(STARFLEET_PHARMA, 'unity')),
    after(minutes(8), deliver(NEBULA_LABORATORIES, 'unity')),
    after(minutes(12), deliver(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(15), revise(STARFLEET_MEDICAL, 'unity')),
    after(minutes(5), deliverSummaries('apidata', 'timeline', 'healthcheck', 'highlights')),
    after(minutes(2), setStatus('All Synced')),
  ],
};
