/** Undoes what {@link Clock.after} arranged; harmless afterwards. */
type Cancel = () => void;

/** What time it is, and when something happens: dates are the wall clock's, only the waiting of stories runs faster. */
export interface Clock {
  /** Milliseconds since 1970. Dates in answers and notices stay true, whatever the speed. */
  nowMs(): number;
  /** Runs `task` once, `storyMs` of story time from now. */
  after(storyMs: number, task: () => void): Cancel;
  /** Cancels everything that has not happened yet. */
  close(): void;
}

/** The real clock, on which a story runs `speed` times faster than it is told. */
export function wallClock(speed: number): Clock {
  const pending = new Set<NodeJS.Timeout>();
  return {
    nowMs: () => Date.now(),
    after(storyMs, task) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        task();
      }, storyMs / speed);
      pending.add(timer);
      return () => {
        pending.delete(timer);
        clearTimeout(timer);
      };
    },
    close() {
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}
