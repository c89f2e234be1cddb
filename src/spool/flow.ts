/** How hard the spool presses on Temporal: slowly up while it answers, off at once while it does not. */
export interface Flow {
  /** How many deliveries may be under way now; 0 while it is left in peace. */
  lanes(): number;
  /** How long it is still left in peace. */
  restMs(): number;
  /** No delivery has succeeded since one failed. */
  readonly down: boolean;
  /** True where it was down until now. `begunMs`: when the delivery began, by the same clock. */
  succeeded(): boolean;
  failed(begunMs: number): void;
}

/** Enough to be through with a million notices within the hour, few beside the thousands that a Temporal server has open. */
const MOST_LANES = 16;
/** What is posted now is answered now: what has waited already leaves it room. */
const LANES_BESIDE_LIVE = 2;
/** One lane more for so many deliveries. */
const SUCCESSES_A_LANE = 8;
const FIRST_REST_MS = 250;
/** A Temporal that is back is noticed within that. */
const LONGEST_REST_MS = 5_000;

/** `live`: how many deliveries of notices that were posted just now are under way. */
export function createFlow(options: {
  readonly live: () => number;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}): Flow {
  const { live, nowMs = () => performance.now(), random = Math.random } = options;
  let lanes = 1;
  let failures = 0;
  let restUntilMs = Number.NEGATIVE_INFINITY;
  return {
    lanes() {
      if (nowMs() < restUntilMs) return 0;
      if (failures > 0) return 1;
      return Math.max(1, Math.floor(live() > 0 ? Math.min(lanes, LANES_BESIDE_LIVE) : lanes));
    },
    restMs: () => Math.max(0, restUntilMs - nowMs()),
    get down() {
      return failures > 0;
    },
    succeeded() {
      const wasDown = failures > 0;
      failures = 0;
      restUntilMs = Number.NEGATIVE_INFINITY;
      lanes = wasDown ? 1 : Math.min(MOST_LANES, lanes + 1 / SUCCESSES_A_LANE);
      return wasDown;
    },
    failed(begunMs) {
      if (begunMs < restUntilMs) return; // it was under way with the one that has been counted
      const longestMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** failures);
      failures += 1;
      lanes = 1;
      restUntilMs = nowMs() + longestMs * (1 - random() / 2); // by chance, so that several webhooks do not march in step
    },
  };
}
