export interface RunRef {
  readonly workflowId: string;
  readonly runId: string;
}

/** What all attempts of an erasure have found so far. Stored as JSON until the erasure has ended. */
export interface ErasureJournal {
  readonly humanIds: readonly string[];
  /** The runs that withdraw the person for this erasure. */
  readonly runs: readonly RunRef[];
  /** The humanIds that those runs have withdrawn. */
  readonly withdrawn: readonly string[];
  /** Of the outbound events; null: there were none. */
  readonly events: EventTrace | null;
}

/** What an erasure must know of an applicant's events when they are gone. */
export interface EventTrace {
  /** The names of the endpoints that got them. */
  readonly endpoints: readonly string[];
  readonly lastSequence: number;
  readonly lastRound: number | null;
}

/** The outbound events of applicants, as an erasure uses them. */
export interface ErasableEvents {
  /** Null without events, and if they cannot be decrypted. */
  trace(clientUserId: string): Promise<EventTrace | null>;
  /** Removes the bodies of the events and their deliveries. */
  remove(clientUserId: string): Promise<void>;
}

/** What an erasure needs of the report store. */
export interface ErasureRecords {
  isHeld(clientUserId: string): Promise<boolean>;
  /** Records that the erasure has begun, and what it found. Returns what this and earlier attempts found. */
  begin(clientUserId: string, found?: Partial<ErasureJournal>): Promise<ErasureJournal>;
  /** Removes the folder, the events, and the person's lines from the lists of sweeps. Returns the number of files in the folder. */
  eraseFiles(clientUserId: string): Promise<number>;
}

/**
 * How many people an erasure withdrew upstream, and how many runs and files it deleted, earlier attempts included. `held`: it stopped because of a
 * hold; `open`: it stopped because the applicant is open.
 */
export interface ErasureResult {
  readonly result: 'erased' | 'held' | 'open';
  readonly humanIds: readonly string[];
  readonly people: number;
  readonly runs: number;
  readonly files: number;
  /** The humanIds of people upstream under this clientUserId who are not known as ours, and stay. */
  readonly others: readonly string[];
  /** Of the erased events; null: there were none. */
  readonly events: EventTrace | null;
}

/** How many humanIds a line of the audit log names. */
const MAX_NAMED = 10;

/** Describes the people who stay upstream, for the audit log; empty without `others`. */
export function describeUnknownPeople(others: readonly string[]): string {
  if (others.length === 0) return '';
  const more = others.length > MAX_NAMED ? ', ...' : '';
  return `; ${others.length} upstream not known as ours: ${others.slice(0, MAX_NAMED).join(', ')}${more}`;
}
