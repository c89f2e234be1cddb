/**
 * What one attempt of an activity hands to the next, as heartbeat details: the server keeps them between attempts, at no cost in history.
 * An activity may carry more of its own beside it.
 */
export interface Progress {
  /** Since when attempts have failed one after the other; null after one that got its answer. */
  failingSinceMs: number | null;
  /** How many of them. The server's own count would include the quiet attempts of a poll. */
  streak: number;
}

/** The progress of an activity that carries nothing of its own. */
export function plainProgress(before: Progress | null): Progress {
  return before ?? { failingSinceMs: null, streak: 0 };
}

/** The progress of an activity that continues an outage which another one has reported. */
export function progressAfter(
  outage: { readonly durationMs: number; readonly failures: number } | null,
  nowMs: number,
): Progress {
  return outage ? { failingSinceMs: nowMs - outage.durationMs, streak: outage.failures } : plainProgress(null);
}
