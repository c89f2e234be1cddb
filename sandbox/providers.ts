import type { Organization } from './state';

/** Every provider a persona can connect. Names are made up or come from a television series; none treats anybody. */
export const STARFLEET_MEDICAL: Organization = {
  id: '70c1e5a94bd2f8360e9a7d14',
  name: 'Starfleet Medical',
  kind: 'hospital',
};

export const RIVERBEND_CLINIC: Organization = {
  id: '70c1e5a94bd2f8360e9a7d27',
  name: 'Riverbend Family Clinic',
  kind: 'hospital',
};

export const STARFLEET_PHARMA: Organization = {
  id: '70c1e5a94bd2f8360e9a7d3b',
  name: 'Starfleet Pharma',
  kind: 'pharmacy',
};

export const NEBULA_LABORATORIES: Organization = {
  id: '70c1e5a94bd2f8360e9a7d4e',
  name: 'Nebula Laboratories',
  kind: 'laboratory',
};
