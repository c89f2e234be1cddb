import { NEBULA_LABORATORIES, RIVERBEND_CLINIC, STARFLEET_MEDICAL, STARFLEET_PHARMA } from '../providers';
import type { ReportType } from '../report-types';
import type { Organization } from '../state';

/** An action that a provider's portal requires before it delivers. */
export interface Demand {
  /** An imperative without a full stop. */
  readonly title: string;
  /** The reason, as complete sentences. */
  readonly text: string;
  /** Label of a checkbox; null: no checkbox. */
  readonly consent: string | null;
  /** The required code; null: no code. The page shows it, because no phone receives it. */
  readonly code: string | null;
}

/** A provider of the invitation page. */
export interface Provider {
  readonly organization: Organization;
  /** Its report types; empty: it accepts a sign-in but never delivers. */
  readonly gives: readonly ReportType[];
  /** Story time from the sign-in, or from the completed demand, to the delivery. */
  readonly deliversAfterMs: number;
  readonly location: string;
  /** More search words. */
  readonly alsoFoundAs: string;
  /** A short hint before connecting; null: no hint. */
  readonly note: string | null;
  /** What it requires after the sign-in; null: nothing. */
  readonly demand: Demand | null;
}

/** About one second at the speed of npm start. */
const PROMPT_MS = 90_000;
/** Long enough to close the page and open it again. */
const SLOW_MS = 1_200_000;

const WHOLE: readonly ReportType[] = ['unity', 'ccdraw'];
const SUMMARY_ONLY: readonly ReportType[] = ['unity'];
const NOTHING: readonly ReportType[] = [];

/** All providers, in the order of the list. All are fictional. */
export const CATALOGUE: readonly Provider[] = [
  provider(STARFLEET_MEDICAL, 'San Francisco, California', 'general emergency', WHOLE),
  provider(STARFLEET_PHARMA, 'San Francisco, California', 'prescriptions drugstore medication', SUMMARY_ONLY),
  provider(NEBULA_LABORATORIES, 'Tempe, Arizona', 'lab blood test results', SUMMARY_ONLY),
  provider(RIVERBEND_CLINIC, 'Riverbend, Oregon', 'doctor physician primary care', WHOLE),
  {
    ...provider(
      createOrganization('52', 'St. Alder Hospital', 'hospital'),
      'Alderton, Washington',
      'saint emergency',
      WHOLE,
    ),
    note: 'Asks you to accept its new terms',
    demand: {
      title: 'Accept the new terms of use',
      text: 'The terms of the patient portal have changed. Nothing is shared until you accept them.',
      consent: 'I have read and accept the terms of the patient portal',
      code: null,
    },
  },
  {
    ...provider(createOrganization('66', 'Meadowlark Medical Group', 'hospital'), 'Dunmore, Colorado', 'doctor', WHOLE),
    note: 'Sends you a security code',
    demand: {
      title: 'Enter the security code',
      text: 'A code was sent to your phone to confirm your identity. Nothing is shared until you enter it.',
      consent: null,
      code: '246810',
    },
  },
  {
    ...provider(
      createOrganization('7a', 'Northlake University Hospital', 'hospital'),
      'Northlake, Minnesota',
      '',
      WHOLE,
      SLOW_MS,
    ),
    note: 'Takes some time to deliver records',
  },
  {
    ...provider(
      createOrganization('8d', 'Copper Ridge Orthopedics', 'hospital'),
      'Bisbee, Arizona',
      'bone',
      SUMMARY_ONLY,
    ),
    note: 'Shares a summary, no complete record',
  },
  provider(
    createOrganization('91', 'Harbor Street Pharmacy', 'pharmacy'),
    'Port Ellery, Maine',
    'drugstore',
    SUMMARY_ONLY,
  ),
  {
    ...provider(
      createOrganization('a4', 'Quarry Hill Diagnostics', 'laboratory'),
      'Barre, Vermont',
      'lab',
      SUMMARY_ONLY,
      SLOW_MS,
    ),
    note: 'Takes some time to deliver records',
  },
  {
    ...provider(
      createOrganization('b8', 'Ashgrove General Hospital', 'hospital'),
      'Ashgrove, Ohio',
      'emergency',
      NOTHING,
    ),
    note: 'Its records system is down and delivers nothing',
  },
];

/** The demand of a provider that has none in the catalogue. */
const RENEWAL: Demand = {
  title: 'Confirm that you still want to share',
  text: 'Your permission has expired. Nothing more is shared until you renew it.',
  consent: 'I still want my records to be shared',
  code: null,
};

export function findProvider(organizationId: string): Provider | undefined {
  return CATALOGUE.find(({ organization }) => organization.id === organizationId);
}

/** The demand of a provider, or the renewal of a permission. */
export function demandFor(organizationId: string): Demand {
  return findProvider(organizationId)?.demand ?? RENEWAL;
}

function provider(
  organization: Organization,
  location: string,
  alsoFoundAs: string,
  gives: readonly ReportType[],
  deliversAfterMs = PROMPT_MS,
): Provider {
  return { organization, location, alsoFoundAs, gives, deliversAfterMs, note: null, demand: null };
}

/** `suffix`: the last two hex digits of the id. */
function createOrganization(suffix: string, name: string, kind: Organization['kind']): Organization {
  return { id: `70c1e5a94bd2f8360e9a7d${suffix}`, name, kind };
}
