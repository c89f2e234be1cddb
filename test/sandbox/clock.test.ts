import { toRealMs, wallClock } from '../../sandbox/clock';
import { DAY_MS } from './fixture';

describe('the wall clock', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('runs tasks at their time, and overdue tasks at once', () => {
    const clock = wallClock();
    const [later, overdue] = [jest.fn(), jest.fn()];
    clock.at(clock.nowMs() + 1_000, later);
    clock.at(clock.nowMs() - 1_000, overdue);
    jest.advanceTimersByTime(999);
    expect([later.mock.calls.length, overdue.mock.calls.length]).toEqual([0, 1]);
    jest.advanceTimersByTime(1);
    expect(later).toHaveBeenCalledTimes(1);
  });

  it('waits longer than a timer can, and cancels such a wait', () => {
    const clock = wallClock();
    const task = jest.fn();
    clock.at(clock.nowMs() + 60 * DAY_MS, task);
    const cancel = clock.at(clock.nowMs() + 60 * DAY_MS, task);
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(task).not.toHaveBeenCalled();
    cancel();
    jest.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
    clock.at(clock.nowMs() + 20, task);
    clock.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('waits are divided by the speed and limited', () => {
  expect(toRealMs(60_000, { speed: 60, longestWaitMs: null })).toBe(1_000);
  expect(toRealMs(60_000, { speed: 60, longestWaitMs: 2_000 })).toBe(1_000);
  expect(toRealMs(3 * DAY_MS, { speed: 60, longestWaitMs: 2_000 })).toBe(2_000);
});
