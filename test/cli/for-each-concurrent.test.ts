import { forEachConcurrent } from '../../src/cli/for-each-concurrent';

/** Calls that the test calls. */
function setup(count: number) {
  const taken: number[] = [];
  const started: number[] = [];
  const calls = new Map<number, { resolve(): void; reject(error: Error): void }>();
  async function* items() {
    for (let item = 0; item < count; item++) {
      taken.push(item);
      yield item;
    }
  }
  const each = (item: number) =>
    new Promise<void>((resolve, reject) => {
      started.push(item);
      calls.set(item, { resolve, reject });
    });
  const flush = () => new Promise((resolve) => setImmediate(resolve));
  return { taken, started, calls, items, each, flush };
}

test('takes an item only when a worker is free', async () => {
  const { taken, started, calls, items, each, flush } = setup(4);
  const all = forEachConcurrent(items(), 2, each);
  await flush();
  expect([taken, started]).toEqual([
    [0, 1],
    [0, 1],
  ]);
  calls.get(1)?.resolve();
  await flush();
  expect(started).toEqual([0, 1, 2]);
  calls.get(0)?.resolve();
  calls.get(2)?.resolve();
  await flush();
  calls.get(3)?.resolve();
  await all;
  expect(taken).toEqual([0, 1, 2, 3]);
});

test('takes no item after an error, and throws it when the running calls have ended', async () => {
  const { taken, calls, items, each, flush } = setup(10);
  let thrown: unknown;
  const all = forEachConcurrent(items(), 2, each).catch((error: unknown) => {
    thrown = error;
  });
  await flush();
  calls.get(0)?.reject(new Error('first'));
  await flush();
  expect(thrown).toBeUndefined();
  calls.get(1)?.resolve();
  await all;
  expect(thrown).toEqual(new Error('first'));
  expect(taken).toEqual([0, 1]);
});
