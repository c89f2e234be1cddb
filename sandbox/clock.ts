/** Undoes what {@link Clock.at} arranged; harmless afterwards. */
export type Cancel = () => void;

/** How fast stories are lived. */
export interface Pace {
  /** How many times faster than told. */
  readonly speed: number;
  /** No single wait of a story takes longer than this in real time; null: as long as it is told. */
  readonly longestWaitMs: number | null;
}

/** What time it is, and when something happens: dates are the wall clock's, only the waiting of stories runs faster. */
export interface Clock {
  /** Milliseconds since 1970. Dates in answers and notices stay true, whatever the pace. */
  nowMs(): number;
  /** Runs `task` once at that time, or as soon as possible where it has passed. */
  at(timeMs: number, task: () => void): Cancel;
  /** Cancels everything that has not happened yet. */
  close(): void;
}

/** setTimeout takes no more than 2^31 - 1 ms, some 24 days, and calls anything longer at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** How long a wait of a story takes in real time, in milliseconds. */
export function realMs(storyMs: number, { speed, longestWaitMs }: Pace): number {
  return Math.min(storyMs / speed, longestWaitMs ?? Infinity);
}

/** The real clock. */
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
