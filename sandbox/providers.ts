import type { Organization } from './state';

// Every provider that a persona can connect. Names are made up or come from a television series; none treats anybody.

/** A hospital: gives everything. */
export const STARFLEET_MEDICAL: Organization = {
  id: '70c1e5a94bd2f8360e9a7d14',
  name: 'Starfleet Medical',
  kind: 'hospital',
};

/** A clinic: gives everything. */
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
