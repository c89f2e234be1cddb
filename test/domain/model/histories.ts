import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/policy';
import { fc } from '../../support/property';
import type { Delivery } from './life';
import { dateOf, type Fault, type ModelReport, T0, type Truth } from './upstream';

/** A truth, and the notices that arrive. */
export interface History {
  readonly truth: Truth;
  readonly deliveries: readonly Delivery[];
}

const FIRST_CLINIC = { id: 'o1', name: 'First Clinic' };
const SECOND_CLINIC = { id: 'o2', name: 'Second Clinic' };

interface Turn {
  readonly status: string;
  readonly forMs: number;
}

const hours = (least: number, most: number) =>
  fc.integer({ min: least * 60, max: most * 60 }).map((n) => n * MINUTE_MS);

/** Statuses that never end an applicant (80 days in all at most). */
const openTurn: fc.Arbitrary<Turn> = fc.record({
  status: fc.constantFrom('Engaged', 'engaged', 'Syncing', ' SYNCING ', 'Attn Required', 'Awaiting Consent'),
  forMs: fc.oneof(hours(0, 3), hours(3, 240)),
});

/** Statuses that end an applicant if they stay. Here each is too brief for that, and comes once, because two reads of it look like one stay. */
const briefTurns: fc.Arbitrary<Turn[]> = fc
  .record({
    error: fc.option(fc.integer({ min: 1, max: 50 }).map((n) => ({ status: 'Error', forMs: n * MINUTE_MS }))),
    some: fc.option(hours(0, 22).map((forMs) => ({ status: 'Some Synced', forMs }))),
    all: fc.option(fc.integer({ min: 1, max: 8 }).map((n) => ({ status: 'All Synced', forMs: n * MINUTE_MS }))),
  })
  .map(({ error, some, all }) => [error, some, all].filter((turn) => turn !== null));

const LAST_STATUSES = [
  'Invited',
  'Engaged',
  'Syncing',
  'Attn Required',
  'Awaiting Consent',
  'Declined',
  'Error',
  'Disconnected',
  'Some Synced',
  'All Synced',
  'ALL  SYNCED',
] as const;

const CONCLUDING: ReadonlySet<string> = new Set(['Declined', 'Disconnected', 'Some Synced', 'Error']);

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>('none') },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Fault>('broken-once', 'unavailable-once', 'broken', 'unavailable', 'not-found'),
  },
);

/** Reports that exist before the last status. */
const reportsBefore = (fromMs: number, untilMs: number): fc.Arbitrary<ModelReport[]> =>
  fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('r1', 'r2', 'r3', 'r4'),
      type: fc.constantFrom('unity', 'Unity', 'ccdraw', 'timeline'),
      organization: fc.constantFrom(FIRST_CLINIC, SECOND_CLINIC),
      versionsAtMs: fc
        .uniqueArray(fc.integer({ min: fromMs, max: untilMs }), { minLength: 1, maxLength: 3 })
        .map((times) => times.sort((a, b) => a - b)),
      offered: fc.subarray(['json', 'pdf'] as const, { minLength: 1 }),
      fault,
    }),
    { maxLength: 4, selector: ({ id }) => id },
  );

const outages = fc
  .array(
    fc.record({
      fromMs: fc.integer({ min: T0 + MINUTE_MS, max: T0 + 95 * DAY_MS }),
      lastMs: fc.oneof(hours(0, 3), hours(3, 200)),
    }),
    { maxLength: 3 },
  )
  .map((list) => list.map(({ fromMs, lastMs }) => ({ fromMs, untilMs: fromMs + lastMs })));

/** Most dates are right; some are minutes, hours or 73 years ahead. */
const aheadMs = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(4 * MINUTE_MS, 2 * HOUR_MS, 73 * 365 * DAY_MS) },
);

/** Brief statuses, then one that stays; or the person is deleted. */
export const truths: fc.Arbitrary<Truth> = fc
  .record({
    invitedForMs: fc.oneof(hours(0, 2), hours(2, 700)),
    open: fc.array(openTurn, { maxLength: 4 }),
    brief: briefTurns,
    order: fc.infiniteStream(fc.nat(100)),
    last: fc.constantFrom(...LAST_STATUSES),
    gone: fc.boolean().chain((maybe) => (maybe ? fc.boolean() : fc.constant(false))),
    lagMs: fc.constantFrom(0, 0, 20 * SECOND_MS, 2 * MINUTE_MS),
    dated: fc.boolean(),
    aheadMs: fc.infiniteStream(aheadMs),
    outages,
  })
  .chain(({ invitedForMs, open, brief, order, last, gone, lagMs, dated, aheadMs, outages }) => {
    const invited = { status: 'Invited', forMs: invitedForMs };
    // Some hours between two brief statuses, so that they do not look like one stay.
    const between = brief.flatMap((turn) => [turn, { status: 'Syncing', forMs: 5 * HOUR_MS }]);
    const at = open.length === 0 ? 0 : (order.next().value ?? 0) % (open.length + 1);
    const turns = last === 'Invited' ? [invited] : [invited, ...open.slice(0, at), ...between, ...open.slice(at)];
    let atMs = T0;
    const statuses = turns.map(({ status, forMs }) => {
      const turn = { atMs, status, aheadMs: aheadMs.next().value ?? 0 };
      atMs += Math.max(MINUTE_MS, forMs);
      return turn;
    });
    if (last !== 'Invited') statuses.push({ atMs, status: last, aheadMs: aheadMs.next().value ?? 0 });
    const lastMs = statuses.at(-1)?.atMs ?? T0;
    const connectedMs = statuses.find(({ status }) => /sync/i.test(status))?.atMs;
    const reports =
      connectedMs === undefined ? fc.constant<ModelReport[]>([]) : reportsBefore(Math.min(connectedMs, lastMs), lastMs);
    return reports.map((listed) => ({
      statuses,
      // After a status that ends the applicant, it is random whether the deletion is read.
      goneAtMs: gone && !CONCLUDING.has(last) ? lastMs + 1 : null,
      reports: listed,
      outages,
      lagMs,
      dated,
    }));
  });

/** The deliveries of one notice: none, one or more, late. */
const delays = fc.array(fc.oneof(fc.nat(5_000), fc.nat(20 * MINUTE_MS), fc.nat(3 * DAY_MS)), { maxLength: 3 });

/** The notices that upstream sends: some lost, some repeated, in any order. */
export function trueDeliveries(truth: Truth): fc.Arbitrary<Delivery[]> {
  const ofStatuses = truth.statuses.map((turn) => ({
    atMs: turn.atMs,
    status: turn.status,
    updatedAtMs: dateOf(turn),
  }));
  const ofReports = truth.reports.flatMap(({ id, versionsAtMs }) =>
    versionsAtMs.map((atMs) => ({ atMs, reportId: id, updatedAt: new Date(atMs).toISOString() })),
  );
  const sent: Delivery[] = [...ofStatuses, ...ofReports];
  return fc
    .array(delays, { minLength: sent.length, maxLength: sent.length })
    .map((all) =>
      all.flatMap((delays, i) => delays.flatMap((ms) => (sent[i] ? [{ ...sent[i], atMs: sent[i].atMs + ms }] : []))),
    );
}

/** Forged notices, mostly at critical moments. */
export function forgedDeliveries(truth: Truth, statuses: readonly string[]): fc.Arbitrary<Delivery[]> {
  const moments = [T0 + 30 * DAY_MS, T0 + 90 * DAY_MS, ...truth.statuses.map(({ atMs }) => atMs)];
  const atMs = fc.oneof(
    fc.integer({ min: T0, max: T0 + 92 * DAY_MS }),
    fc.tuple(fc.constantFrom(...moments), fc.integer({ min: -2 * HOUR_MS, max: 26 * HOUR_MS })).map(([a, b]) => a + b),
  );
  const forgedStatus = fc
    .record({
      atMs,
      status: fc.constantFrom(...statuses),
      claimed: fc.constantFrom<number | null>(null, -DAY_MS, -1, 0, MINUTE_MS, 5 * MINUTE_MS, 73 * 365 * DAY_MS),
    })
    .map(({ atMs, status, claimed }) => ({ atMs, status, updatedAtMs: claimed === null ? null : atMs + claimed }));
  const forgedReport = fc.record({
    atMs,
    reportId: fc.constantFrom('r1', 'no-such-report'),
    updatedAt: fc.constantFrom(null, '2099-01-01T00:00:00Z'),
  });
  return fc.array(fc.oneof({ weight: 4, arbitrary: forgedStatus }, { weight: 1, arbitrary: forgedReport }), {
    maxLength: 8,
  });
}
