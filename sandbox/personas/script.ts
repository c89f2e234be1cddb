import type { Organization } from '../organization';
import type { ReportType } from '../report-types';

/** One thing that happens in a story. */
export type Happening =
  /** The status changes, and a notice says so. */
  | { readonly kind: 'status'; readonly value: string }
  /** A provider authorises the person's access; nothing is told of it. */
  | { readonly kind: 'connection'; readonly organization: Organization }
  /** New reports, one of each type. `telling`: one notice each, all notices in one array, or none. `scannedPages`: of the PDF of each. */
  | {
      readonly kind: 'reports';
      readonly organization: Organization | null;
      readonly types: readonly ReportType[];
      readonly telling: 'each' | 'together' | 'none';
      readonly scannedPages: number;
    }
  /** A newer version of a report, under the same id. */
  | { readonly kind: 'revision'; readonly organization: Organization | null; readonly type: ReportType }
  /** The person is gone, and nothing is told of it. */
  | { readonly kind: 'disappearance' };

/** Something that happens a while after the step before (the first: after the invitation), at once where that is 0. */
export interface Step {
  readonly afterMs: number;
  /** Whose time `afterMs` is: the story's, which runs faster at speed, or that of the person who looks on. */
  readonly time: 'story' | 'real';
  readonly happening: Happening;
}

/** A kind of person: what they do after the invitation, and what must come of it. */
export interface Persona {
  /** Lower-case letters and hyphens. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** The end that a correct collector reaches with the default wish list, unity as json and pdf and ccdraw as pdf. */
  readonly ends: {
    readonly outcome: 'collected' | 'partial' | 'declined' | 'failed' | 'expired' | 'cancelled';
    readonly providers: number;
    /** Documents in their newest version. */
    readonly documents: number;
    /** Documents of older versions, stored as well by a collector that was quick enough. */
    readonly olderDocuments: number;
    /** Documents that come after the end, as newer versions or in a new report; a collector that keeps looking ends up with them too. */
    readonly laterDocuments: number;
  };
  /** Which of its two forms the answer to the invitation takes: 202 and one object, or 201 and an array. */
  readonly createAnswer: 'object' | 'array';
  readonly steps: readonly Step[];
}

/** Story time in milliseconds. */
export const minutes = (count: number): number => count * 60_000;

/** The same. */
export const hours = (count: number): number => count * minutes(60);

/** The same. */
export const days = (count: number): number => count * hours(24);

/** A step of a story. */
export const after = (afterMs: number, happening: Happening): Step => ({ afterMs, time: 'story', happening });

/** Something that happens together with the step before, or with the invitation. */
export const atOnce = (happening: Happening): Step => after(0, happening);

/** A step that comes after so much real time, however fast the stories run. */
export const inRealTime = (afterMs: number, happening: Happening): Step => ({ afterMs, time: 'real', happening });

/** The status changes, and a notice says so. */
export const becomes = (value: string): Happening => ({ kind: 'status', value });

/** A provider is connected, silently: what tells is the status that follows. */
export const connects = (organization: Organization): Happening => ({ kind: 'connection', organization });

/** A provider delivers: one new report of each type, one notice each. */
export const delivers = (organization: Organization, ...types: ReportType[]): Happening => ({
  kind: 'reports',
  organization,
  types,
  telling: 'each',
  scannedPages: 0,
});

/** The same, with all notices in one array. */
export const deliversTogether = (organization: Organization, ...types: ReportType[]): Happening => ({
  kind: 'reports',
  organization,
  types,
  telling: 'together',
  scannedPages: 0,
});

/** A provider delivers, and no notice says so: only a look at the list shows it. */
export const deliversUnannounced = (organization: Organization, ...types: ReportType[]): Happening => ({
  kind: 'reports',
  organization,
  types,
  telling: 'none',
  scannedPages: 0,
});

/** A provider delivers a report whose PDF has that many scanned pages of about 1 MB each. */
export const deliversScanned = (organization: Organization, type: ReportType, scannedPages: number): Happening => ({
  kind: 'reports',
  organization,
  types: [type],
  telling: 'each',
  scannedPages,
});

/** The reports about the whole person are made, with all notices in one array. */
export const sumsUp = (...types: ReportType[]): Happening => ({
  kind: 'reports',
  organization: null,
  types,
  telling: 'together',
  scannedPages: 0,
});

/** A provider's report gets a newer version under the same id. */
export const revises = (organization: Organization, type: ReportType): Happening => ({
  kind: 'revision',
  organization,
  type,
});

/** The person is gone upstream, and no notice says so. */
export const disappears = (): Happening => ({ kind: 'disappearance' });
