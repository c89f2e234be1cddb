/**
 * Calls `each` for every item, `limit` of them at once, taking the next item only when there is a hand free: a source of any length costs
 * constant memory. The first failure stops taking, and is thrown when what was under way has ended.
 */
export async function forEachConcurrent<T>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  each: (item: T) => Promise<void>,
): Promise<void> {
  // One generator shared by all hands: it queues their requests, and ends for all when one of them leaves early.
  const shared = oneByOne(items);
  const hands = Array.from({ length: limit }, async () => {
    for await (const item of shared) await each(item);
  });
  const ends = await Promise.allSettled(hands);
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
}

async function* oneByOne<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
