/** Cancels a task of {@link Clock.at}; without effect after it ran. */
export type Cancel = () => void;

/** How fast scripts run. */
export interface StorySpeed {
  /** 1: as written in the script. */
  readonly speed: number;
  /** Maximum real time of a single wait; null: no maximum. */
  readonly longestWaitMs: number | null;
}

/** Dates are those of the wall clock; only the waits of scripts run faster. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Runs `task` once at that time, or as soon as possible if that time has passed. */
  at(timeMs: number, task: () => void): Cancel;
  /** Cancels all tasks. */
  close(): void;
}

/** setTimeout accepts at most 2^31 - 1 ms (24 days) and runs a longer one at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Converts story time to real time. */
export function toRealMs(storyMs: number, { speed, longestWaitMs }: StorySpeed): number {
  return Math.min(storyMs / speed, longestWaitMs ?? Infinity);
}

export function wallClock(): Clock {
  const pending = new Set<NodeJS.Timeout>();
  const at = (timeMs: number, task: () => void): Cancel => {
    const remainingMs = timeMs - Date.now();
    let cancelRest: Cancel = () => {};
    const timer = setTimeout(
      () => {
        pending.delete(timer);
        if (remainingMs > LONGEST_TIMEOUT_MS) cancelRest = at(timeMs, task);
        else task();
      },
      Math.min(Math.max(remainingMs, 0), LONGEST_TIMEOUT_MS),
    );
    pending.add(timer);
    return () => {
      pending.delete(timer);
      clearTimeout(timer);
      cancelRest();
    };
  };
  return {
    nowMs: () => Date.now(),
    at,
    close() {
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}
