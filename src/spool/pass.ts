import type { Flow } from './flow';
import type { Found } from './frame';

/** What became of a find: dealt with, or to be kept; `unreached` where Temporal did not answer for it. */
export type Fate = 'done' | 'later' | 'unreached';

/** What of a segment has to stay, as lines in their order. */
export interface Remains {
  readonly lines: readonly Buffer[];
  /** How many finds were dealt with. */
  readonly done: number;
}

/** In one pass: what stays unreached while others get through is not asked again and again. */
const TRIES_A_PASS = 3;

interface Task {
  readonly found: Found;
  readonly place: number;
  tries: number;
}

/**
 * Goes once through the finds of a segment, in order, as many at a time as the flow lets. While Temporal is away it tries one after the other, at
 * longer and longer intervals; when it is back, those that were tried in vain are the next.
 */
export async function passThrough(
  finds: Iterator<Found>,
  deps: { readonly flow: Flow; readonly handle: (found: Found) => Promise<Fate>; readonly stopped: AbortSignal },
): Promise<Remains> {
  const { flow, handle, stopped } = deps;
  const unreached: Task[] = [];
  const staying: Task[] = [];
  let again: Task[] = [];
  let places = 0;
  let done = 0;
  let underWay = 0;
  let ring: () => void = () => {};

  function next(): Task | null {
    const retried = again.shift();
    if (retried !== undefined) return retried;
    const { value, done: ended } = finds.next();
    if (ended === true) return null;
    places += 1;
    return { found: value, place: places, tries: 0 };
  }

  async function run(task: Task): Promise<void> {
    underWay += 1;
    task.tries += 1;
    const fate = await handle(task.found);
    if (fate === 'done') done += 1;
    else if (fate === 'unreached' && task.tries < TRIES_A_PASS) unreached.push(task);
    else staying.push(task);
    if (fate !== 'unreached' && !flow.down && unreached.length > 0) {
      again = [...again, ...unreached.splice(0)].sort(inOrder);
    }
    underWay -= 1;
    ring();
  }

  while (!stopped.aborted) {
    const lanes = flow.lanes();
    if (underWay < lanes) {
      const task = next();
      if (task !== null) {
        void run(task);
        continue;
      }
      if (underWay === 0) break;
    }
    await new Promise<void>((resolve) => {
      const rest = lanes === 0 ? setTimeout(resolve, flow.restMs() + 1) : undefined;
      ring = () => {
        clearTimeout(rest);
        resolve();
      };
      stopped.addEventListener('abort', ring, { once: true });
    });
    stopped.removeEventListener('abort', ring);
  }
  while (underWay > 0) {
    await new Promise<void>((resolve) => {
      ring = resolve;
    });
  }
  for (let task = next(); task !== null; task = next()) staying.push(task);
  return { lines: [...staying, ...unreached].sort(inOrder).map(({ found }) => found.line), done };
}

function inOrder(a: Task, b: Task): number {
  return a.place - b.place;
}
