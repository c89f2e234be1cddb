/** Returns a function that returns true at most once per `everyMs`: whether a line may be logged now. */
export function createLogLimit(everyMs: number, nowMs: () => number = () => performance.now()): () => boolean {
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (nowMs() - loggedAtMs < everyMs) return false;
    loggedAtMs = nowMs();
    return true;
  };
}
