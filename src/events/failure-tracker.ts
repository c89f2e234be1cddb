/** A few failures in a row, of several subjects, so that one bad event does not count as a bad endpoint. */
const MAX_FAILURES = 10;
const MIN_SUBJECTS = 3;

/** The failures of endpoints since their last success, in this process. */
export interface FailureTracker {
  succeed(endpoint: string): void;
  /** Returns true once the endpoint counts as failing. */
  fail(endpoint: string, subject: string): boolean;
}

export function createFailureTracker(): FailureTracker {
  const failures = new Map<string, { count: number; readonly subjects: Set<string> }>();
  return {
    succeed: (endpoint) => void failures.delete(endpoint),
    fail(endpoint, subject) {
      const known = failures.get(endpoint) ?? { count: 0, subjects: new Set<string>() };
      failures.set(endpoint, known);
      known.count += 1;
      if (known.subjects.size < MIN_SUBJECTS) known.subjects.add(subject);
      return known.count >= MAX_FAILURES && known.subjects.size >= MIN_SUBJECTS;
    },
  };
}
