import { setTimeout as sleep } from 'node:timers/promises';
import { hasWorker } from '../../temporal/task-queues';
import type { Operator } from './operator';

/** Often enough that nobody wonders, and nothing to a server. */
const LOOK_EVERY_MS = 10_000;

/**
 * Waits for work that a worker has to do, and tells on the terminal where there is none: at once, and whenever that changes. The work itself is
 * durable, so it goes on by itself when a worker comes.
 */
export async function whileAttended<T>(operator: Operator, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const telling = tellOfWorkers(operator, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await telling;
  }
}

/** Says so where no worker polls, and gives whether one does. Who could not be asked is not told of: the wait itself shows that. */
export async function tellIfUnattended(operator: Operator): Promise<boolean> {
  const { taskQueue, terminal } = operator;
  const attended = await hasWorker({ client: await operator.temporal(), taskQueue }).catch(() => true);
  if (!attended) {
    terminal.say(
      `no worker takes work from the task queue "${taskQueue}": start one, or look at TASK_QUEUE; it goes on by itself then`,
    );
  }
  return attended;
}

async function tellOfWorkers(operator: Operator, signal: AbortSignal): Promise<void> {
  const { taskQueue, terminal } = operator;
  let attended = await tellIfUnattended(operator);
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const before = attended;
    const client = await operator.temporal();
    attended = await hasWorker({ client, taskQueue }).catch(() => before);
    if (before && !attended) await tellIfUnattended(operator);
    if (!before && attended) terminal.say('a worker is there: it goes on');
  }
}
