/**
 * Calls `each` for every item, `workers` at a time. Takes the next item only when a worker is free, so memory does not grow with the number of
 * items. After the first error no item is taken; it is thrown when the running calls have ended.
 */
export async function forEachConcurrent<T>(
  items: AsyncIterable<T> | Iterable<T>,
  workers: number,
  each: (item: T) => Promise<void>,
): Promise<void> {
  // All workers share one generator: it queues their requests, and ends for all when one of them fails.
  const shared = toGenerator(items);
  const running = Array.from({ length: workers }, async () => {
    for await (const item of shared) await each(item);
  });
  const results = await Promise.allSettled(running);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

async function* toGenerator<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
