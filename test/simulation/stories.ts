import { DAY_MS, DEFAULT_POLICY, HOUR_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { forgedDeliveries, trueDeliveries, truths } from '../domain/model/histories';
import { T0 } from '../domain/model/upstream';
import { fc } from '../support/property';
import type { Story } from './applicant';

/** Slower where a poll has nothing to tell: quiet reads are what a life of 90 days consists of. */
export const POLICY: Policy = {
  ...DEFAULT_POLICY,
  pollMs: { ...DEFAULT_POLICY.pollMs, engaged: 6 * HOUR_MS, syncing: 4 * HOUR_MS, someSynced: 2 * HOUR_MS },
};

const FORGED = [
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

/** An early cancel meets the invitation, a late one what was collected. */
const cancelAtMs = fc.oneof(
  fc.integer({ min: T0 - SECOND_MS, max: T0 + 3 * SECOND_MS }),
  fc.integer({ min: T0, max: T0 + 60 * DAY_MS }),
);

/** Any life of a person, told by push and poll, with all that goes wrong on the way. */
export const stories: fc.Arbitrary<Story> = truths.chain((truth) =>
  fc
    .record({
      told: trueDeliveries(truth),
      forged: forgedDeliveries(truth, FORGED),
      cancelAtMs: fc.option(cancelAtMs, { freq: 4 }).map((atMs) => atMs),
      deaths,
      // Often means to replay for every task: a few of the cases do, for it is slow.
      forgetAfterTasks: fc.constantFrom(null, null, null, null, 11, 7, 3, 1),
      suggestAfter: fc.option(fc.integer({ min: 4, max: 20 })),
      failing: fc.constantFrom(0, 0, 10, 30),
      commitMs: fc.constantFrom(0, 0, 20 * SECOND_MS),
      skewMs: fc.constantFrom(0, 0, DAY_MS, -DAY_MS),
      seed: fc.nat(),
    })
    .map(({ told, forged, ...rest }) => ({ truth, deliveries: [...told, ...forged], ...rest })),
);
