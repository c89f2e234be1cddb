import { setTimeout as sleep } from 'node:timers/promises';
import { hasWorker } from '../../temporal/task-queues';
import type { CommandContext } from './context';

const CHECK_EVERY_MS = 10_000;

/** Waits for the work of a worker. Warns if no worker polls, at the start and whenever that changes. The work itself is durable. */
export async function warnWhileNoWorker<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const watching = watchWorkers(context, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await watching;
  }
}

/** Warns if no worker polls. If Temporal does not answer, there is no warning, because the wait itself shows that. */
export async function warnIfNoWorker({ taskQueue, terminal, temporal }: CommandContext): Promise<boolean> {
  const isPolled = await hasWorker({ client: await temporal(), taskQueue }).catch(() => true);
  if (!isPolled) {
    terminal.write(
      `no worker polls the task queue "${taskQueue}"; start one or check TASK_QUEUE. The work continues when a worker is running`,
    );
  }
  return isPolled;
}

async function watchWorkers(context: CommandContext, signal: AbortSignal): Promise<void> {
  const { taskQueue, terminal } = context;
  let isPolled = await warnIfNoWorker(context);
  while (!signal.aborted) {
    await sleep(CHECK_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const wasPolled = isPolled;
    const client = await context.temporal();
    isPolled = await hasWorker({ client, taskQueue }).catch(() => wasPolled);
    if (wasPolled && !isPolled) await warnIfNoWorker(context);
    if (!wasPolled && isPolled) terminal.write('a worker is running; the work continues');
  }
}
