import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { type Delivery, Life } from './model/life';
import { ModelUpstream, T0, type Truth } from './model/upstream';

const FLOOD_FROM_MS = T0 + 2 * DAY_MS;
const FLOOD_MINUTES = 60;

/** A person whose last status stands when the flood begins, two notices a second for an hour. */
function setup(status: string, forged: (atMs: number, i: number) => Delivery, sinceMs = FLOOD_FROM_MS - MINUTE_MS) {
  const truth: Truth = {
    statuses: [
      { atMs: T0, status: 'Invited' },
      { atMs: T0 + DAY_MS, status: 'Syncing' },
      { atMs: sinceMs, status },
    ],
    goneAtMs: null,
    reports: [],
    outages: [],
    lagMs: 0,
    dated: true,
  };
  const flood = Array.from({ length: FLOOD_MINUTES * 120 }, (_, i) => forged(FLOOD_FROM_MS + i * 500, i));
  const live = (deliveries: readonly Delivery[]) =>
    new Life(new ModelUpstream(truth), DEFAULT_POLICY, deliveries).live();
  const flooded = live(flood);
  const during = flooded.calls.filter(
    ({ atMs }) => atMs >= FLOOD_FROM_MS && atMs < FLOOD_FROM_MS + FLOOD_MINUTES * MINUTE_MS,
  );
  return { flooded, quiet: live([]), callsDuring: (of: string) => during.filter((call) => call.of === of).length };
}

const claiming =
  (...statuses: string[]) =>
  (atMs: number, i: number) => ({
    atMs,
    status: statuses[i % statuses.length] ?? '',
    updatedAtMs: atMs,
  });

describe('an hour of forged notices, two a second', () => {
  // Beside what notices may cause, the reads and lists of windows and conclusions.
  const MOST = 5 + FLOOD_MINUTES + 5;

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
    'of %s, told of somebody who is %s, costs a read and a list a minute at most, and not the applicant',
    (_what, status, forged) => {
      const { flooded, quiet, callsDuring } = setup(status, forged);
      expect(callsDuring('status')).toBeLessThanOrEqual(MOST);
      expect(callsDuring('reports')).toBeLessThanOrEqual(MOST);
      expect(flooded.conclusion).toEqual(quiet.conclusion);
    },
  );

  test('never makes an applicant wake without something to do', () => {
    const { flooded } = setup('Syncing', claiming('Declined', 'Engaged'), FLOOD_FROM_MS - HOUR_MS);
    const idle = flooded.steps.filter(({ atMs, step }) => step.do === 'wait' && step.wait.untilMs <= atMs);
    expect(idle).toEqual([]);
  });
});
