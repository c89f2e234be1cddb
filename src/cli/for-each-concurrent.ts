/**
 * Calls `each` for every item, `workers` at a time. Takes the next item only when a worker is free, so memory does not grow with the number of
 * items. The first error aborts `failed`, and no further item is taken; it is thrown when the running calls have ended.
 */
export async function forEachConcurrent<T>(
  items: AsyncIterable<T> | Iterable<T>,
  workers: number,
  each: (item: T, failed: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  // All workers share one generator: it queues their requests, and ends for all when one of them fails.
  const shared = toGenerator(items);
  const runWorker = async () => {
    for await (const item of shared) await each(item, failure.signal);
  };
  await Promise.all(Array.from({ length: workers }, () => runWorker().catch((error) => failure.abort(error))));
  failure.signal.throwIfAborted();
}

async function* toGenerator<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
