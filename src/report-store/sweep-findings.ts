import { SWEEP_KINDS, type SweepCounts, type SweepKind } from '../domain/sweep';
import type { Shelf } from './shelf';

/** The result of the last sweep. */
export const LATEST_SWEEP = 'sweeps/latest.json';

/** The list of all findings of a sweep, one JSON line each. */
export function findingsFileName(sweepId: string): string {
  return `sweeps/${sweepId}.jsonl`;
}

/** `at`: when it ended, ISO 8601. */
export interface LatestSweep {
  readonly at: string;
  readonly sweepId: string;
  readonly counts: SweepCounts;
}

/** A line of the list. `since`: since when the status has not been read, ISO 8601; only for `unread`. */
export interface ListedFinding {
  readonly kind: SweepKind;
  /** Null: missing, or not in our form. */
  readonly clientUserId: string | null;
  readonly since?: string;
}

/** Null before the first sweep, and for a damaged file. */
export async function readLatestSweep(shelf: Shelf): Promise<LatestSweep | null> {
  const bytes = await shelf.get(LATEST_SWEEP);
  try {
    return bytes && JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

/** At most `limit` findings of a sweep. Leaves out the rows of erased persons. */
export async function readFindings(shelf: Shelf, sweepId: string, limit: number): Promise<readonly ListedFinding[]> {
  const lines = ((await shelf.get(findingsFileName(sweepId))) ?? Buffer.alloc(0)).toString('utf8').split('\n');
  const findings: ListedFinding[] = [];
  for (const line of lines) {
    if (findings.length >= limit) break;
    const finding = parseFinding(line);
    if (finding) findings.push(finding);
  }
  return findings;
}

/** Null for an empty row and for one that is not a finding. */
function parseFinding(line: string): ListedFinding | null {
  try {
    const row: Partial<ListedFinding> | null = line === '' ? null : JSON.parse(line);
    return row && SWEEP_KINDS.some((kind) => kind === row.kind) ? (row as ListedFinding) : null;
  } catch {
    return null;
  }
}
