import { DAY_MS, DEFAULT_POLICY, HOUR_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { forgedDeliveries, trueDeliveries, truths } from '../domain/model/histories';
import { T0 } from '../domain/model/upstream';
import { fc } from '../support/property';
import type { SimulationCase } from './applicant';

/** Slower polls: most reads of 90 days find nothing new. */
export const POLICY: Policy = {
  ...DEFAULT_POLICY,
  pollMs: { ...DEFAULT_POLICY.pollMs, engaged: 6 * HOUR_MS, syncing: 4 * HOUR_MS, someSynced: 2 * HOUR_MS },
};

const FORGED_STATUSES = [
  ...['Invited', 'Engaged', 'Syncing', 'Attn Required', 'Declined', 'Error', 'Disconnected', 'Some Synced'],
  ...['All Synced', 'Nonsense'],
];

const deaths = fc.array(
  fc.record({
    atMs: fc.oneof(
      fc.integer({ min: T0 - SECOND_MS, max: T0 + 5 * SECOND_MS }),
      fc.integer({ min: T0, max: T0 + 20 * DAY_MS }),
    ),
    downMs: fc.oneof(fc.nat(5 * SECOND_MS), fc.nat(3 * HOUR_MS)),
  }),
  { maxLength: 3 },
);

/** An early cancel meets the invitation, a late one the collection. */
const cancelAtMs = fc.oneof(
  fc.integer({ min: T0 - SECOND_MS, max: T0 + 3 * SECOND_MS }),
  fc.integer({ min: T0, max: T0 + 60 * DAY_MS }),
);

/** Any course of a person, reported by notices and polls, with faults. */
export const cases: fc.Arbitrary<SimulationCase> = truths.chain((truth) =>
  fc
    .record({
      genuine: trueDeliveries(truth),
      forged: forgedDeliveries(truth, FORGED_STATUSES),
      cancelAtMs: fc.option(cancelAtMs, { freq: 4 }).map((atMs) => atMs),
      deaths,
      // Few cases evict often, because a replay for every task is slow.
      forgetAfterTasks: fc.constantFrom(null, null, null, null, 11, 7, 3, 1),
      suggestAfter: fc.option(fc.integer({ min: 4, max: 20 })),
      failing: fc.constantFrom(0, 0, 10, 30),
      commitMs: fc.constantFrom(0, 0, 20 * SECOND_MS),
      skewMs: fc.constantFrom(0, 0, DAY_MS, -DAY_MS),
      seed: fc.nat(),
    })
    .map(({ genuine, forged, ...rest }) => ({ truth, deliveries: [...genuine, ...forged], ...rest })),
);
