import { forEachConcurrent } from '../../src/cli/for-each-concurrent';

/** Calls that end when the test says so. */
function setup(count: number) {
  const taken: number[] = [];
  const begun: number[] = [];
  const ends = new Map<number, { resolve(): void; reject(error: Error): void }>();
  async function* items() {
    for (let item = 0; item < count; item++) {
      taken.push(item);
      yield item;
    }
  }
  const each = (item: number) =>
    new Promise<void>((resolve, reject) => {
      begun.push(item);
      ends.set(item, { resolve, reject });
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { taken, begun, ends, items, each, settle };
}

test('no more items are taken than there are hands free', async () => {
  const { taken, begun, ends, items, each, settle } = setup(4);
  const all = forEachConcurrent(items(), 2, each);
  await settle();
  expect([taken, begun]).toEqual([
    [0, 1],
    [0, 1],
  ]);
  ends.get(1)?.resolve();
  await settle();
  expect(begun).toEqual([0, 1, 2]);
  ends.get(0)?.resolve();
  ends.get(2)?.resolve();
  await settle();
  ends.get(3)?.resolve();
  await all;
  expect(taken).toEqual([0, 1, 2, 3]);
});

test('a failure stops the taking and is thrown once what was under way has ended', async () => {
  const { taken, ends, items, each, settle } = setup(10);
  let thrown: unknown;
  const all = forEachConcurrent(items(), 2, each).catch((error: unknown) => {
    thrown = error;
  });
  await settle();
  ends.get(0)?.reject(new Error('first'));
  await settle();
  expect(thrown).toBeUndefined();
  ends.get(1)?.resolve();
  await all;
  expect(thrown).toEqual(new Error('first'));
  expect(taken).toEqual([0, 1]);
});
