import type { Sample } from './samples';
import type { ApplicantSnapshot } from './snapshots';

/** `unknown`: the applicant or the number of its documents could not be read. */
type Verdict = 'expected' | 'unexpected' | 'unknown';

export interface SampleResult {
  readonly sample: Sample;
  /** Null: the applicant was never read. */
  readonly snapshot: ApplicantSnapshot | null;
  readonly verdict: Verdict;
}

type Snapshots = ReadonlyMap<string, ApplicantSnapshot>;

/** Compares the samples with their snapshots. An open applicant is unexpected. */
export function checkSamples(samples: readonly Sample[], snapshots: Snapshots): SampleResult[] {
  return samples.map((sample) => {
    const snapshot = snapshots.get(sample.clientUserId) ?? null;
    return { sample, snapshot, verdict: verdictOf(sample, snapshot) };
  });
}

function verdictOf(sample: Sample, snapshot: ApplicantSnapshot | null): Verdict {
  if (snapshot === null) return 'unknown';
  if (snapshot.outcome !== sample.outcome) return 'unexpected';
  if (snapshot.documents === null) return 'unknown';
  return snapshot.documents === sample.documents ? 'expected' : 'unexpected';
}

/** Whether every sample has closed and can be compared. */
export function haveResults(samples: readonly Sample[], snapshots: Snapshots): boolean {
  return checkSamples(samples, snapshots).every(({ snapshot, verdict }) => snapshot?.outcome && verdict !== 'unknown');
}

/** The exit status of `--once`: 0 all samples ended as expected, 1 one did not, 3 one could not be read. */
export function statusOfResults(results: readonly SampleResult[]): 0 | 1 | 3 {
  if (results.some(({ verdict }) => verdict === 'unexpected')) return 1;
  return results.some(({ verdict }) => verdict === 'unknown') ? 3 : 0;
}
