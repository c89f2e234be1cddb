import { NEBULA_LABORATORIES, RIVERBEND_CLINIC, STARFLEET_MEDICAL, STARFLEET_PHARMA } from '../providers';
import type { ReportType } from '../report-types';
import type { Organization } from '../state';

/** What a provider's portal asks for before it hands anything over. */
export interface Demand {
  /** What is to be done, as an imperative without a full stop. */
  readonly title: string;
  /** Why, in whole sentences. */
  readonly text: string;
  /** What the person confirms by ticking a box; null: nothing. */
  readonly consent: string | null;
  /** What must be typed in; null: nothing. The page shows it, as a telephone would. */
  readonly code: string | null;
}

/** A provider that can be found on the invitation page. */
export interface Provider {
  readonly organization: Organization;
  /** The reports it gives; none: it lets people sign in and never delivers. */
  readonly gives: readonly ReportType[];
  /** Story time from the sign-in, or from the met demand, until its reports are there. */
  readonly deliversAfterMs: number;
  readonly place: string;
  /** Other words under which people look for it. */
  readonly alsoFoundAs: string;
  /** What there is to know before connecting, in a few words; null: nothing unusual. */
  readonly note: string | null;
  /** What it demands first; null: nothing but the sign-in. */
  readonly demand: Demand | null;
}

/** A second in the hurried sandbox of npm start, and not dull at speed 1. */
const PROMPT_MS = 90_000;
/** Long enough to close the page and come back. */
const SLOW_MS = 1_200_000;

const WHOLE: readonly ReportType[] = ['unity', 'ccdraw'];
const SUMMARY_ONLY: readonly ReportType[] = ['unity'];
const NOTHING: readonly ReportType[] = [];

/** Every provider that the search finds, in the order in which they are listed. Names are made up or come from a television series; none treats anybody. */
export const CATALOGUE: readonly Provider[] = [
  plain(STARFLEET_MEDICAL, 'San Francisco, California', 'general emergency', WHOLE),
  plain(STARFLEET_PHARMA, 'San Francisco, California', 'prescriptions drugstore medication', SUMMARY_ONLY),
  plain(NEBULA_LABORATORIES, 'Tempe, Arizona', 'lab blood test results', SUMMARY_ONLY),
  plain(RIVERBEND_CLINIC, 'Riverbend, Oregon', 'doctor physician primary care', WHOLE),
  {
    ...plain(organization('52', 'St. Alder Hospital', 'hospital'), 'Alderton, Washington', 'saint emergency', WHOLE),
    note: 'Asks you to accept its new terms',
    demand: {
      title: 'Accept the new terms of use',
      text: 'The terms of the patient portal have changed. Nothing is shared until you have accepted them.',
      consent: 'I have read and accept the terms of the patient portal',
      code: null,
    },
  },
  {
    ...plain(organization('66', 'Meadowlark Medical Group', 'hospital'), 'Dunmore, Colorado', 'doctor', WHOLE),
    note: 'Sends you a security code',
    demand: {
      title: 'Enter the security code',
      text: 'A code was sent to your phone, to be sure that it is you. Nothing is shared until you have entered it.',
      consent: null,
      code: '246810',
    },
  },
  {
    ...plain(
      organization('7a', 'Northlake University Hospital', 'hospital'),
      'Northlake, Minnesota',
      '',
      WHOLE,
      SLOW_MS,
    ),
    note: 'Takes a while to hand records over',
  },
  {
    ...plain(organization('8d', 'Copper Ridge Orthopedics', 'hospital'), 'Bisbee, Arizona', 'bone', SUMMARY_ONLY),
    note: 'Shares a summary, no complete record',
  },
  plain(organization('91', 'Harbor Street Pharmacy', 'pharmacy'), 'Port Ellery, Maine', 'drugstore', SUMMARY_ONLY),
  {
    ...plain(
      organization('a4', 'Quarry Hill Diagnostics', 'laboratory'),
      'Barre, Vermont',
      'lab',
      SUMMARY_ONLY,
      SLOW_MS,
    ),
    note: 'Takes a while to hand records over',
  },
  {
    ...plain(organization('b8', 'Ashgrove General Hospital', 'hospital'), 'Ashgrove, Ohio', 'emergency', NOTHING),
    note: 'Its records system is down: nothing comes',
  },
];

/** Asked by a provider that demands something without being known for it. */
const RENEWAL: Demand = {
  title: 'Confirm that you still want to share',
  text: 'Your permission has run out. Nothing more is shared until you have renewed it.',
  consent: 'I still want my records to be shared',
  code: null,
};

/** The provider of that organization id; undefined for one that is not in the catalogue. */
export function providerOf(organizationId: string): Provider | undefined {
  return CATALOGUE.find(({ organization }) => organization.id === organizationId);
}

/** What that organization asks for when it asks for something. */
export function demandOf(organizationId: string): Demand {
  return providerOf(organizationId)?.demand ?? RENEWAL;
}

function plain(
  organization: Organization,
  place: string,
  alsoFoundAs: string,
  gives: readonly ReportType[],
  deliversAfterMs = PROMPT_MS,
): Provider {
  return { organization, place, alsoFoundAs, gives, deliversAfterMs, note: null, demand: null };
}

/** `last`: the two hex digits that tell its id from the others'. */
function organization(last: string, name: string, kind: Organization['kind']): Organization {
  return { id: `70c1e5a94bd2f8360e9a7d${last}`, name, kind };
}
