import type { Cast } from './arguments';
import type { HouseholdOptions } from './household';

/** All that `npm start` was told, by its command line and its configuration. */
export interface EverythingOptions extends HouseholdOptions {
  /** End when the samples are settled. */
  readonly once: boolean;
  readonly cast: Cast;
  /** Forget the sandbox's world first: after asking, or without. */
  readonly fresh: 'ask' | 'yes' | null;
  /** Where the reports go, in words. */
  readonly reports: string;
  readonly logFolder: string;
}
