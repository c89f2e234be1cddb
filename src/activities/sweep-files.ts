import { ApplicationFailure } from '@temporalio/common';
import type { ApplicantListing, SweepCandidate, SweepFinding, SweepPerson } from '../domain/sweep';
import type { Shelf } from '../report-store/shelf';

/** The rows of a sweep's working files, by kind of file. */
interface SweepRows {
  people: SweepPerson;
  applicants: ApplicantListing;
  candidates: SweepCandidate;
  findings: SweepFinding;
}

/** Working files of one sweep on the shelf, for data that grows with the number of people and would not fit a workflow's history. JSON lines. */
export function sweepFiles(shelf: Shelf, sweepId: string) {
  const folder = `sweeps/${sweepId}/`;
  const fileName = (kind: string, position: readonly number[]) =>
    `${folder}${[kind, ...position.map((number) => String(number).padStart(6, '0'))].join('-')}.jsonl`;
  const read = async <T>(name: string) => parseJsonLines<T>(await shelf.get(name));
  return {
    /** `position`: the page; or the shard and the part. */
    put: <K extends keyof SweepRows>(kind: K, rows: readonly SweepRows[K][], ...position: readonly number[]) =>
      shelf.put(fileName(kind, position), toJsonLines(rows)),
    /** No rows if there is no file. */
    read: async <K extends Exclude<keyof SweepRows, 'findings'>>(kind: K, ...position: readonly number[]) =>
      (await read<SweepRows[K]>(fileName(kind, position))).filter((row) => row !== null),
    /** Null for the finding of an erased person, because the positions of the others count. */
    readFindings: (shard: number, part: number) => read<SweepFinding>(fileName('findings', [shard, part])),
    /** Removes all working files. The list of findings stays. */
    async remove() {
      for (const name of await shelf.list(folder)) await shelf.remove(name);
    },
  };
}

export function toJsonLines(rows: readonly object[]): Buffer {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** Null for the row of an erased person. */
function parseJsonLines<T>(bytes: Buffer | null): (T | null)[] {
  const lines = (bytes?.toString('utf8') ?? '').split('\n').filter((line) => line !== '');
  try {
    return lines.map((line) => JSON.parse(line) as T | null);
  } catch {
    // The parser's own error quotes the text.
    throw ApplicationFailure.nonRetryable('a file of the sweep is damaged: run the sweep again', 'SweepDamaged');
  }
}
