import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { type Delivery, Life } from './model/life';
import { ModelUpstream, T0, truthOf } from './model/upstream';

const FLOOD_FROM_MS = T0 + 2 * DAY_MS;
const FLOOD_MINUTES = 60;

/** A flood of two notices per second for an hour, after the last status of a person. */
function setup(status: string, forged: (atMs: number, i: number) => Delivery, sinceMs = FLOOD_FROM_MS - MINUTE_MS) {
  const truth = truthOf([
    { atMs: T0, status: 'Invited' },
    { atMs: T0 + DAY_MS, status: 'Syncing' },
    { atMs: sinceMs, status },
  ]);
  const flood = Array.from({ length: FLOOD_MINUTES * 120 }, (_, i) => forged(FLOOD_FROM_MS + i * 500, i));
  const run = (deliveries: readonly Delivery[]) => new Life(new ModelUpstream(truth), DEFAULT_POLICY, deliveries).run();
  const flooded = run(flood);
  const during = flooded.calls.filter(
    ({ atMs }) => atMs >= FLOOD_FROM_MS && atMs < FLOOD_FROM_MS + FLOOD_MINUTES * MINUTE_MS,
  );
  return { flooded, quiet: run([]), callsDuring: (of: string) => during.filter((call) => call.of === of).length };
}

const claiming =
  (...statuses: string[]) =>
  (atMs: number, i: number) => ({
    atMs,
    status: statuses[i % statuses.length] ?? '',
    updatedAtMs: atMs,
  });

describe('an hour of forged notices', () => {
  // The calls for notices, and those of windows and conclusions.
  const MAX_CALLS = 5 + FLOOD_MINUTES + 5;

  test.each<[string, string, (atMs: number, i: number) => Delivery]>([
    ['Declined', 'Syncing', claiming('Declined')],
    ['every status in turn', 'Attn Required', claiming('Declined', 'Error', 'Disconnected', 'Some Synced', 'Invited')],
    ['All Synced', 'All Synced', claiming('All Synced')],
    ['Some Synced', 'Some Synced', claiming('Some Synced')],
    ['All Synced and Syncing in turn', 'Syncing', claiming('All Synced', 'Syncing')],
    ['Error', 'Error', claiming('Error')],
    ['2099', 'Engaged', (atMs) => ({ atMs, status: 'Declined', updatedAtMs: Date.UTC(2099, 0, 1) })],
    ['no date', 'Syncing', (atMs) => ({ atMs, status: 'Declined', updatedAtMs: null })],
    ['reports', 'Syncing', (atMs, i) => ({ atMs, reportId: `r${i}`, updatedAt: null })],
    ['reports', 'All Synced', (atMs, i) => ({ atMs, reportId: `r${i}`, updatedAt: null })],
  ])(
    'of %s costs a person in %s at most one read and one list per minute, and does not change the conclusion',
    (_what, status, forged) => {
      const { flooded, quiet, callsDuring } = setup(status, forged);
      expect(callsDuring('status')).toBeLessThanOrEqual(MAX_CALLS);
      expect(callsDuring('reports')).toBeLessThanOrEqual(MAX_CALLS);
      expect(flooded.conclusion).toEqual(quiet.conclusion);
    },
  );

  test('causes no wait that ends at once', () => {
    const { flooded } = setup('Syncing', claiming('Declined', 'Engaged'), FLOOD_FROM_MS - HOUR_MS);
    const idle = flooded.steps.filter(({ atMs, step }) => step.do === 'wait' && step.wait.untilMs <= atMs);
    expect(idle).toEqual([]);
  });
});
