/** Counts one of a kind, or several. */
type Count<Kind extends string> = (kind: Kind, several?: number) => void;

const MINUTE_MS = 60_000;

/** Counts, and reports what was counted since the last report: at once, then at most once a minute, at the next count. */
export function createMinuteReport<Kind extends string>(
  report: (counts: Partial<Record<Kind, number>>) => void,
  nowMs: () => number = () => performance.now(),
): Count<Kind> {
  let counts: Partial<Record<Kind, number>> = {};
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  return (kind, several = 1) => {
    if (several === 0) return;
    counts[kind] = (counts[kind] ?? 0) + several;
    if (nowMs() - reportedAtMs < MINUTE_MS) return;
    reportedAtMs = nowMs();
    report(counts);
    counts = {};
  };
}
