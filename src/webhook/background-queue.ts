/** Work that nobody waits for: one piece a key, a bounded number waiting, a bounded number at a time. */
export interface BackgroundQueue<T> {
  /** Takes it in without beginning; drops it where the key is waiting or at work already, or the queue is full. */
  offer(key: string, piece: T): void;
  /** Begins with what is waiting. */
  start(): void;
}

/** `work` must not fail: what it could not do is lost by design, so it decides itself what to say of that. */
export function createBackgroundQueue<T>(options: {
  readonly capacity: number;
  readonly lanes: number;
  readonly work: (piece: T) => Promise<void>;
}): BackgroundQueue<T> {
  const keys = new Set<string>();
  const waiting: { readonly key: string; readonly piece: T }[] = [];
  let busyLanes = 0;

  const lane = async (): Promise<void> => {
    busyLanes += 1;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await options.work(next.piece);
      keys.delete(next.key);
    }
    busyLanes -= 1;
  };

  return {
    offer(key, piece) {
      if (keys.has(key) || waiting.length >= options.capacity) return;
      keys.add(key);
      waiting.push({ key, piece });
    },
    start() {
      const idleLanes = options.lanes - busyLanes;
      for (let begun = Math.min(idleLanes, waiting.length); begun > 0; begun -= 1) void lane();
    },
  };
}
