import { toRealMs, wallClock } from '../../sandbox/clock';

const DAY_MS = 86_400_000;

describe('the wall clock', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('does things at their time, and what is overdue as soon as possible', () => {
    const clock = wallClock();
    const [later, overdue] = [jest.fn(), jest.fn()];
    clock.at(clock.nowMs() + 1_000, later);
    clock.at(clock.nowMs() - 1_000, overdue);
    jest.advanceTimersByTime(999);
    expect([later, overdue].map((task) => task.mock.calls.length)).toEqual([0, 1]);
    jest.advanceTimersByTime(1);
    expect(later).toHaveBeenCalledTimes(1);
  });

  it('waits longer than a timer can', () => {
    const clock = wallClock();
    const task = jest.fn();
    clock.at(clock.nowMs() + 60 * DAY_MS, task);
    const cancelled = clock.at(clock.nowMs() + 60 * DAY_MS, task);
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(task).not.toHaveBeenCalled();
    cancelled();
    jest.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('forgets what was cancelled, and everything once it is closed', () => {
    const clock = wallClock();
    const task = jest.fn();
    clock.at(clock.nowMs() + 10, task)();
    clock.at(clock.nowMs() + 20, task);
    clock.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('a story runs faster by the speed, and no wait of it is longer than the longest', () => {
  expect(toRealMs(60_000, { speed: 60, longestWaitMs: null })).toBe(1_000);
  expect(toRealMs(60_000, { speed: 60, longestWaitMs: 2_000 })).toBe(1_000);
  expect(toRealMs(3 * DAY_MS, { speed: 60, longestWaitMs: 2_000 })).toBe(2_000);
});
