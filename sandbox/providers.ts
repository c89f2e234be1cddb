import type { ReportType } from './report-types';
import type { Organization } from './state';

// Every provider that somebody can connect. Names are made up or come from a television series; none treats anybody.

/** A hospital: gives everything. */
export const STARFLEET_MEDICAL: Organization = {
  id: '70c1e5a94bd2f8360e9a7d14',
  name: 'Starfleet Medical',
  kind: 'hospital',
};

/** A clinic: gives everything, once the terms of its portal are accepted. */
export const RIVERBEND_CLINIC: Organization = {
  id: '70c1e5a94bd2f8360e9a7d27',
  name: 'Riverbend Family Clinic',
  kind: 'hospital',
};

/** A pharmacy: no complete record. */
export const STARFLEET_PHARMA: Organization = {
  id: '70c1e5a94bd2f8360e9a7d3b',
  name: 'Starfleet Pharma',
  kind: 'pharmacy',
};

/** A laboratory: results only, no complete record. */
export const NEBULA_LABORATORIES: Organization = {
  id: '70c1e5a94bd2f8360e9a7d4e',
  name: 'Nebula Laboratories',
  kind: 'laboratory',
};

/** More hospitals, which give everything: enough for a long life in many places. */
export const MORE_HOSPITALS: readonly Organization[] = [
  'Alder Creek General Hospital',
  'Bayview Women and Children',
  'Copper Hill Orthopedics',
  'Dunmore Heart Center',
  'Eastgate Dermatology',
  'Fairhaven Eye Clinic',
  'Granite Falls Medical Group',
  'Harbor Point Oncology',
  'Ironwood Urgent Care',
  'Juniper Valley Neurology',
].map((name, index) => ({ id: `70c1e5a94bd2f8360e9b${(0x1000 + index).toString(16)}`, name, kind: 'hospital' }));

/** All of them, in the order in which they are shown. */
export const PROVIDERS: readonly Organization[] = [
  STARFLEET_MEDICAL,
  RIVERBEND_CLINIC,
  STARFLEET_PHARMA,
  NEBULA_LABORATORIES,
  ...MORE_HOSPITALS,
];

/** What a provider demands before it lets its records go, by its id; most demand nothing. */
export const DEMANDED_ACTIONS: Readonly<Record<string, string>> = {
  [RIVERBEND_CLINIC.id]: 'Accept the terms of the Riverbend patient portal',
};

/** The reports that a provider gives: only hospitals have the CCD-A behind a complete record. */
export function reportsOf({ kind }: Organization): readonly ReportType[] {
  return kind === 'hospital' ? ['unity', 'ccdraw'] : ['unity'];
}
