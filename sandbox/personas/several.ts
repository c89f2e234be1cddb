import { NEBULA_LABORATORIES, RIVERBEND_CLINIC, STARFLEET_MEDICAL, STARFLEET_PHARMA } from '../providers';
import { after, becomes, delivers, deliversTogether, minutes, type Persona, revises, sumsUp } from './script';

/** Two hospitals give unity (json, pdf) and ccdraw (pdf), pharmacy and laboratory unity only: 2 x 3 + 2 x 2 documents. */
export const several: Persona = {
  name: 'several',
  summary: 'connects four providers, of which two have no complete record; one report is updated on the way',
  ends: { outcome: 'collected', providers: 4, documents: 10, olderDocuments: 2, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(4), becomes('Engaged')),
    after(minutes(4), becomes('Syncing')),
    after(minutes(15), deliversTogether(STARFLEET_MEDICAL, 'unity', 'ccdraw')),
    after(minutes(10), delivers(STARFLEET_PHARMA, 'unity')),
    after(minutes(8), delivers(NEBULA_LABORATORIES, 'unity')),
    after(minutes(12), delivers(RIVERBEND_CLINIC, 'unity', 'ccdraw')),
    after(minutes(15), revises(STARFLEET_MEDICAL, 'unity')),
    after(minutes(5), sumsUp('apidata', 'timeline', 'healthcheck', 'highlights')),
    after(minutes(2), becomes('All Synced')),
  ],
};
