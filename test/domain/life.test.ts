import fc from 'fast-check';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { documentKey } from '../../src/domain/reports';
import { forgedDeliveries, type History, trueDeliveries, truths } from './model/histories';
import { type Delivery, type Ending, Life } from './model/life';
import { type Verdict, verdictOn } from './model/oracle';
import { ModelUpstream, type Truth } from './model/upstream';

const FORGED = ['Invited', 'Engaged', 'Syncing', 'Attn Required', 'Declined', 'Error', 'Disconnected', 'Nonsense'];

/** Wakings, reads, lists and fetches of one life, with the polls' quiet attempts apart. */
const STEPS_MOST = 500;

const withTrueNotices: fc.Arbitrary<History> = truths.chain((truth) =>
  trueDeliveries(truth).map((deliveries) => ({ truth, deliveries })),
);

const withForgedNotices: fc.Arbitrary<History> = withTrueNotices.chain(({ truth, deliveries }) =>
  forgedDeliveries(truth, [...FORGED, 'Some Synced']).map((forged) => ({
    truth,
    deliveries: [...deliveries, ...forged],
  })),
);

function live(truth: Truth, deliveries: readonly Delivery[]): Ending {
  return new Life(new ModelUpstream(truth), DEFAULT_POLICY, deliveries).live();
}

function storedKeys({ collection }: Ending): string[] {
  const current = collection.listed.map(({ id, updatedAt }) => `${id} ${updatedAt}`);
  return collection.documents
    .filter(({ reportId, updatedAt }) => current.includes(`${reportId} ${updatedAt}`))
    .map(({ reportId: id, updatedAt, type, organization, format }) =>
      documentKey({ report: { id, type, organization, updatedAt }, format }),
    )
    .sort();
}

function expectEnding(ending: Ending, verdict: Verdict): void {
  expect(ending.conclusion).toEqual(verdict.conclusion);
  if (verdict.documents) expect(storedKeys(ending)).toEqual(verdict.documents);
  expect(ending.atMs).toBeLessThanOrEqual(verdict.byMs);
  if (ending.conclusion.reason !== 'deleted-upstream') expect(ending.facts.claim).toBeNull();
  expect(ending.steps.filter(({ atMs, step }) => step.do === 'wait' && step.wait.untilMs <= atMs)).toEqual([]);
  expect(ending.steps.length).toBeLessThan(STEPS_MOST);
}

describe('an applicant ends as the truth upstream says', () => {
  test('with no notices at all', () => {
    fc.assert(
      fc.property(truths, (truth) => expectEnding(live(truth, []), verdictOn(truth, DEFAULT_POLICY))),
      {
        numRuns: 300,
      },
    );
  });

  test('whether its notices are lost, doubled, late or out of order', () => {
    fc.assert(
      fc.property(withTrueNotices, ({ truth, deliveries }) =>
        expectEnding(live(truth, deliveries), verdictOn(truth, DEFAULT_POLICY)),
      ),
      { numRuns: 300 },
    );
  });

  test('whatever is forged beside them', () => {
    fc.assert(
      fc.property(withForgedNotices, ({ truth, deliveries }) =>
        expectEnding(live(truth, deliveries), verdictOn(truth, DEFAULT_POLICY)),
      ),
      { numRuns: 300 },
    );
  });
});
