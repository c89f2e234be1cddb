import type { ApplicantListing, SweepCandidate, SweepFinding, SweepPerson } from '../domain/sweep';
import type { Shelf } from '../report-store/shelf';

/** The files of one sweep on the shelf: whatever grows with the number of people lies here, not in a workflow's history. JSON lines. */
export function sweepFiles(shelf: Shelf, sweepId: string) {
  const nameOf = (kind: string, ...at: number[]) =>
    `sweeps/${sweepId}/${[kind, ...at.map((n) => String(n).padStart(6, '0'))].join('-')}.jsonl`;
  const read = async <T>(name: string): Promise<T[]> => parseJsonLines<T>(await shelf.get(name));
  return {
    putPeople: (page: number, rows: readonly SweepPerson[]) => shelf.put(nameOf('people', page), toJsonLines(rows)),
    people: (page: number) => read<SweepPerson>(nameOf('people', page)),
    putApplicants: (page: number, rows: readonly ApplicantListing[]) =>
      shelf.put(nameOf('applicants', page), toJsonLines(rows)),
    applicants: (page: number) => read<ApplicantListing>(nameOf('applicants', page)),
    putCandidates: (shard: number, part: number, rows: readonly SweepCandidate[]) =>
      shelf.put(nameOf('candidates', shard, part), toJsonLines(rows)),
    candidates: (shard: number, part: number) => read<SweepCandidate>(nameOf('candidates', shard, part)),
    putFindings: (shard: number, part: number, rows: readonly SweepFinding[]) =>
      shelf.put(nameOf('findings', shard, part), toJsonLines(rows)),
    findings: (shard: number, part: number) => read<SweepFinding>(nameOf('findings', shard, part)),
    /** Removes all but the list. */
    async tidy() {
      for (const name of await shelf.list(`sweeps/${sweepId}/`)) await shelf.remove(name);
    },
  };
}

/** The whole list of a sweep. */
export function findingsFileName(sweepId: string): string {
  return `sweeps/${sweepId}.jsonl`;
}

/** How the last sweep ended, for whoever shows it. */
export const LATEST_SWEEP = 'sweeps/latest.json';

export function toJsonLines(rows: readonly object[]): Buffer {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function parseJsonLines<T>(bytes: Buffer | null): T[] {
  const lines = (bytes?.toString('utf8') ?? '').split('\n').filter((line) => line !== '');
  try {
    return lines.map((line) => JSON.parse(line) as T);
  } catch {
    // The parser's own error quotes the text.
    throw new Error('expected JSON lines in a file of a sweep, got others: it was damaged; let the sweep run again');
  }
}
