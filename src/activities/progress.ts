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
