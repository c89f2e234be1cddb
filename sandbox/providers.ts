import type { Organization } from './state';

// The providers of the personas. All are fictional.

/** A hospital: delivers all report types. */
export const STARFLEET_MEDICAL: Organization = {
  id: '70c1e5a94bd2f8360e9a7d14',
  name: 'Starfleet Medical',
  kind: 'hospital',
};

/** A clinic: delivers all report types. */
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

/** More hospitals, which deliver all report types. */
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
