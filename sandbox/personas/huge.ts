import {
  MORE_HOSPITALS,
  NEBULA_LABORATORIES,
  RIVERBEND_CLINIC,
  STARFLEET_MEDICAL,
  STARFLEET_PHARMA,
} from '../providers';
import { after, deliver, deliverScanned, deliverTogether, minutes, type Persona, setStatus } from './script';

/** About 1 MB each: a complete record of 60 MB. */
const SCANNED_PAGES = 60;

/** Twelve hospitals deliver unity (json, pdf) and ccdraw (pdf), pharmacy and laboratory unity only: 12 x 3 + 2 x 2 documents. */
export const huge: Persona = {
  name: 'huge',
  summary: 'connects fourteen providers; one complete record is a PDF of 60 MB',
  ends: { outcome: 'collected', providers: 14, documents: 40, olderDocuments: 0, laterDocuments: 0 },
  createAnswer: 'array',
  steps: [
    after(minutes(4), setStatus('Engaged')),
    after(minutes(4), setStatus('Syncing')),
    after(minutes(10), deliver(STARFLEET_MEDICAL, 'unity')),
    after(minutes(2), deliverScanned(STARFLEET_MEDICAL, 'ccdraw', SCANNED_PAGES)),
    after(minutes(2), deliver(STARFLEET_PHARMA, 'unity')),
    after(minutes(2), deliver(NEBULA_LABORATORIES, 'unity')),
    ...[RIVERBEND_CLINIC, ...MORE_HOSPITALS].map((hospital) =>
      after(minutes(2), deliverTogether(hospital, 'unity', 'ccdraw')),
    ),
    after(minutes(5), setStatus('All Synced')),
  ],
};
