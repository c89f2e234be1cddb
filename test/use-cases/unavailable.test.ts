import { tryReadStore } from '../../src/use-cases/read-attempt';
import { readStore } from '../../src/use-cases/unavailable';

afterEach(() => jest.useRealTimers());

test('a report store that does not answer within ten seconds is unavailable', async () => {
  jest.useFakeTimers();
  const hanging = new Promise<null>(() => {});
  const reads = Promise.allSettled([readStore(() => hanging), tryReadStore(hanging)]);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(await reads).toMatchObject([
    { reason: { kind: 'unavailable', what: 'store', done: 'nothing' } },
    { value: { value: null, isMissing: true } },
  ]);
  expect(jest.getTimerCount()).toBe(0);
});
