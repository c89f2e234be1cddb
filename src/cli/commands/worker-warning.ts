import { setTimeout as sleep } from 'node:timers/promises';
import { hasWorker } from '../../temporal/task-queues';
import type { CommandContext } from './context';

const CHECK_EVERY_MS = 10_000;

/** Waits for the work of a worker. Warns while no worker polls. The work itself is durable. */
export async function warnWhileNoWorker<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const watching = warnIfNoWorker(context, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await watching;
  }
}

/**
 * Warns if no worker polls; then reports each change until `done` aborts, by default none. If Temporal does not answer, there is no warning, because
 * the wait itself shows that.
 */
export async function warnIfNoWorker(
  { taskQueue, terminal, temporal }: CommandContext,
  done = AbortSignal.abort(),
): Promise<void> {
  let wasPolled = true;
  do {
    const client = await temporal();
    const isPolled = await hasWorker({ client, taskQueue }).catch(() => wasPolled);
    if (wasPolled && !isPolled) {
      terminal.write(
        `no worker polls the task queue "${taskQueue}"; start one or check TASK_QUEUE. The work continues when a worker is running`,
      );
    }
    if (!wasPolled && isPolled) terminal.write('a worker is running; the work continues');
    wasPolled = isPolled;
    await sleep(CHECK_EVERY_MS, undefined, { signal: done }).catch(() => {});
  } while (!done.aborted);
}
