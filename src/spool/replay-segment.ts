import type { AdaptiveConcurrency } from './adaptive-concurrency';
import type { ScannedLine } from './frame';

/** `unreachable`: Temporal did not answer for the line. `retry-later`: the line stays for another pass. */
export type LineOutcome = 'done' | 'retry-later' | 'unreachable';

/** The lines of a segment that have to stay. */
export interface SegmentRemains {
  /** In their order. */
  readonly lines: readonly Buffer[];
  /** How many lines were done and are not among them. */
  readonly done: number;
}

/** Attempts per pass for a line that stays unreachable while others are delivered. */
const MAX_TRIES = 3;

interface Task {
  readonly line: ScannedLine;
  readonly position: number;
  tries: number;
}

/**
 * Handles the lines of a segment once, in order and concurrently. While Temporal is away it tries one line at a time, at growing intervals; when
 * Temporal is back, the lines that failed are next.
 */
export async function replaySegment(
  lines: Iterator<ScannedLine>,
  deps: {
    readonly concurrency: AdaptiveConcurrency;
    readonly handle: (line: ScannedLine) => Promise<LineOutcome>;
    readonly stopped: AbortSignal;
  },
): Promise<SegmentRemains> {
  const { concurrency, handle, stopped } = deps;
  const unreachable: Task[] = [];
  const staying: Task[] = [];
  let retries: Task[] = [];
  let position = 0;
  let done = 0;
  let running = 0;
  let wakeUp: () => void = () => {};

  function next(): Task | null {
    const retry = retries.shift();
    if (retry !== undefined) return retry;
    const { value, done: isEnd } = lines.next();
    if (isEnd === true) return null;
    position += 1;
    return { line: value, position, tries: 0 };
  }

  async function run(task: Task): Promise<void> {
    running += 1;
    task.tries += 1;
    const outcome = await handle(task.line);
    if (outcome === 'done') done += 1;
    else if (outcome === 'unreachable' && task.tries < MAX_TRIES) unreachable.push(task);
    else staying.push(task);
    if (outcome !== 'unreachable' && !concurrency.isTemporalDown && unreachable.length > 0) {
      retries = [...retries, ...unreachable.splice(0)].sort(byPosition);
    }
    running -= 1;
    wakeUp();
  }

  while (!stopped.aborted) {
    const limit = concurrency.limit();
    if (running < limit) {
      const task = next();
      if (task !== null) {
        void run(task);
        continue;
      }
      if (running === 0) break;
    }
    await new Promise<void>((resolve) => {
      const timer = limit === 0 ? setTimeout(resolve, concurrency.backoffMs() + 1) : undefined;
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      stopped.addEventListener('abort', wakeUp, { once: true });
    });
    stopped.removeEventListener('abort', wakeUp);
  }
  while (running > 0) {
    await new Promise<void>((resolve) => {
      wakeUp = resolve;
    });
  }
  for (let task = next(); task !== null; task = next()) staying.push(task);
  return { lines: [...staying, ...unreachable].sort(byPosition).map(({ line }) => line.bytes), done };
}

function byPosition(a: Task, b: Task): number {
  return a.position - b.position;
}
