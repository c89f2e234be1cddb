import type { Organization } from '../organization';
import type { ReportType } from '../report-types';

/** An event of a script. */
export type StoryEvent =
  /** The status changes, with a notification. */
  | { readonly kind: 'status'; readonly value: string }
  /** A provider is connected, without a notification. */
  | { readonly kind: 'connection'; readonly organization: Organization }
  /** One new report per type. `telling`, its name in the journal: one notification each, one with all, or none. `scannedPages`: of each PDF. */
  | {
      readonly kind: 'reports';
      readonly organization: Organization | null;
      readonly types: readonly ReportType[];
      readonly telling: 'each' | 'together' | 'none';
      readonly scannedPages: number;
    }
  /** A newer version of a report, under the same id. */
  | { readonly kind: 'revision'; readonly organization: Organization | null; readonly type: ReportType }
  /** The person disappears, without a notification. */
  | { readonly kind: 'disappearance' };

/** An event at a time after the previous step, or after the invitation; 0: together with it. */
export interface Step {
  readonly afterMs: number;
  /** Story time runs faster with the speed, real time does not. */
  readonly time: 'story' | 'real';
  readonly happening: StoryEvent;
}

/** A kind of person: their script after the invitation, and the expected end. */
export interface Persona {
  /** Lower-case letters and hyphens. */
  readonly name: string;
  /** One line for the list of personas. */
  readonly summary: string;
  /** The end of a correct collector with the default report types: unity as json and pdf, ccdraw as pdf. */
  readonly ends: {
    readonly outcome: 'collected' | 'partial' | 'declined' | 'failed' | 'expired' | 'cancelled';
    readonly providers: number;
    /** Documents in their newest version. */
    readonly documents: number;
    /** Documents of older versions, which a fast collector stores too. */
    readonly olderDocuments: number;
    /** Documents that arrive after the end, which a collector that keeps checking stores too. */
    readonly laterDocuments: number;
  };
  /** The form of the answer to the invitation: 202 and one object, or 201 and an array. */
  readonly createAnswer: 'object' | 'array';
  readonly steps: readonly Step[];
}

/** Returns milliseconds, as do `hours` and `days`. */
export const minutes = (count: number): number => count * 60_000;

export const hours = (count: number): number => count * minutes(60);

export const days = (count: number): number => count * hours(24);

/** A step after some story time. */
export const after = (afterMs: number, happening: StoryEvent): Step => ({ afterMs, time: 'story', happening });

/** A step together with the previous step, or with the invitation. */
export const immediately = (happening: StoryEvent): Step => after(0, happening);

/** A step after some real time, independent of the speed. */
export const afterRealTime = (afterMs: number, happening: StoryEvent): Step => ({ afterMs, time: 'real', happening });

/** The status changes, with a notification. */
export const setStatus = (value: string): StoryEvent => ({ kind: 'status', value });

/** A provider is connected, without a notification. */
export const connectProvider = (organization: Organization): StoryEvent => ({ kind: 'connection', organization });

/** A provider delivers one new report per type, with one notification each. */
export const deliver = (organization: Organization, ...types: ReportType[]): StoryEvent =>
  newReports(organization, types, 'each');

/** A provider delivers one new report per type, with all notifications in one array. */
export const deliverTogether = (organization: Organization, ...types: ReportType[]): StoryEvent =>
  newReports(organization, types, 'together');

/** A provider delivers without a notification: only the list of reports shows it. */
export const deliverUnannounced = (organization: Organization, ...types: ReportType[]): StoryEvent =>
  newReports(organization, types, 'none');

/** A provider delivers a report whose PDF has this many scanned pages of about 1 MB each. */
export const deliverScanned = (organization: Organization, type: ReportType, scannedPages: number): StoryEvent =>
  newReports(organization, [type], 'each', scannedPages);

/** Adds reports about the whole person, with all notifications in one array. */
export const deliverSummaries = (...types: ReportType[]): StoryEvent => newReports(null, types, 'together');

/** A report gets a newer version under the same id. */
export const revise = (organization: Organization, type: ReportType): StoryEvent => ({
  kind: 'revision',
  organization,
  type,
});

/** The person disappears upstream, without a notification. */
export const disappear = (): StoryEvent => ({ kind: 'disappearance' });

function newReports(
  organization: Organization | null,
  types: readonly ReportType[],
  telling: 'each' | 'together' | 'none',
  scannedPages = 0,
): StoryEvent {
  return { kind: 'reports', organization, types, telling, scannedPages };
}
