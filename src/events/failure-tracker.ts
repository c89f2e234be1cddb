/** A few failures in a row, of several subjects, so that one bad event does not count as a bad endpoint. */
const MAX_FAILURES = 10;
const MIN_SUBJECTS = 3;

/** The failures of endpoints in this process, since their last success and since they were resumed. */
export interface FailureTracker {
  succeed(endpoint: string): void;
  /** Returns true once the endpoint counts as failing. `resumedAt`: of the endpoint's status; earlier failures do not count. */
  fail(endpoint: string, subject: string, resumedAt: string | null): boolean;
}

interface Failures {
  readonly resumedAt: string | null;
  count: number;
  readonly subjects: Set<string>;
}

export function createFailureTracker(): FailureTracker {
  const failures = new Map<string, Failures>();
  return {
    succeed: (endpoint) => void failures.delete(endpoint),
    fail(endpoint, subject, resumedAt) {
      const before = failures.get(endpoint);
      const known = before?.resumedAt === resumedAt ? before : { resumedAt, count: 0, subjects: new Set<string>() };
      failures.set(endpoint, known);
      known.count += 1;
      if (known.subjects.size < MIN_SUBJECTS) known.subjects.add(subject);
      return known.count >= MAX_FAILURES && known.subjects.size >= MIN_SUBJECTS;
    },
  };
}
