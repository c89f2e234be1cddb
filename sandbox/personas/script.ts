import type { ReportType } from '../report-types';
import type { Organization } from '../state';

/** One thing that happens in a story. `together`: the notices of several reports come as one array. */
export type Happening =
  | { readonly kind: 'status'; readonly value: string }
  | {
      readonly kind: 'reports';
      readonly organization: Organization | null;
      readonly types: readonly ReportType[];
      readonly together: boolean;
    }
  | { readonly kind: 'revision'; readonly organization: Organization | null; readonly type: ReportType };

/** Something that happens a while after the step before (the first: after the invitation). Story time. */
export interface Step {
  readonly afterMs: number;
  readonly happening: Happening;
}

/** A kind of person: what they do after the invitation, and what must come of it. */
export interface Persona {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** The end that a correct collector reaches with the default wish list, unity as json and pdf and ccdraw as pdf. */
  readonly ends: {
    readonly outcome: 'collected' | 'partial' | 'declined' | 'failed' | 'expired';
    readonly providers: number;
    /** Documents in their newest version. */
    readonly documents: number;
    /** Documents of older versions, stored as well by a collector that was quick enough. */
    readonly olderDocuments: number;
  };
  /** Which of its two forms the answer to the invitation takes: 202 and one object, or 201 and an array. */
  readonly createAnswer: 'object' | 'array';
  readonly steps: readonly Step[];
}

/** Story time in milliseconds. */
export const minutes = (count: number): number => count * 60_000;

/** A step of a story. */
export const after = (afterMs: number, happening: Happening): Step => ({ afterMs, happening });

/** The status changes, and a notice says so. */
export const becomes = (value: string): Happening => ({ kind: 'status', value });

/** A provider delivers: one new report of each type, one notice each. */
export const delivers = (organization: Organization, ...types: ReportType[]): Happening => ({
  kind: 'reports',
  organization,
  types,
  together: false,
});

/** The same, with all notices in one array. */
export const deliversTogether = (organization: Organization, ...types: ReportType[]): Happening => ({
  kind: 'reports',
  organization,
  types,
  together: true,
});

/** The reports about the whole person are made, with all notices in one array. */
export const sumsUp = (...types: ReportType[]): Happening => ({
  kind: 'reports',
  organization: null,
  types,
  together: true,
});

/** A provider's report gets a newer version under the same id. */
export const revises = (organization: Organization, type: ReportType): Happening => ({
  kind: 'revision',
  organization,
  type,
});
