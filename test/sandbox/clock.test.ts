import { wallClock } from '../../sandbox/clock';

describe('the wall clock', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('lets stories run faster but keeps the date', () => {
    const clock = wallClock(60);
    const task = jest.fn();
    const begun = clock.nowMs();
    clock.after(60_000, task);
    jest.advanceTimersByTime(999);
    expect(task).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
    expect(clock.nowMs() - begun).toBe(1_000);
  });

  it('forgets what was cancelled, and everything once it is closed', () => {
    const clock = wallClock(1);
    const task = jest.fn();
    clock.after(10, task)();
    clock.after(20, task);
    clock.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
