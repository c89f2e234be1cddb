import { kindOf } from './applicant';

/** What upstream answered when it was asked. Times in ms since 1970; `updatedAtMs` is upstream's clock, the others are Temporal's. */
export interface Read {
  readonly status: string;
  readonly updatedAtMs: number | null;
  readonly askedAtMs: number;
}

/** Answers may overtake each other: of two reads that updatedAt does not tell apart, the one asked for later is the later one. */
export function isOlder(read: Read, than: Read): boolean {
  const tied = read.updatedAtMs === null || than.updatedAtMs === null || read.updatedAtMs === than.updatedAtMs;
  return tied ? read.askedAtMs < than.askedAtMs : (read.updatedAtMs ?? 0) < (than.updatedAtMs ?? 0);
}

/** True for two reads between which nothing has happened to the person. */
export function tellsTheSame(one: Read, other: Read): boolean {
  return one.updatedAtMs === other.updatedAtMs && kindOf(one.status) === kindOf(other.status);
}
