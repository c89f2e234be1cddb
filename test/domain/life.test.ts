import { DEFAULT_POLICY } from '../../src/domain/policy';
import { documentKey } from '../../src/domain/reports';
import { fc } from '../support/property';
import { forgedDeliveries, type History, trueDeliveries, truths } from './model/histories';
import { type Delivery, type Ending, Life } from './model/life';
import { comparableReason, type Verdict, verdictOn } from './model/oracle';
import { ModelUpstream, type Truth } from './model/upstream';

const FORGED = ['Invited', 'Engaged', 'Syncing', 'Attn Required', 'Declined', 'Error', 'Disconnected', 'Nonsense'];

/** Steps of one life in which every document can be downloaded. */
const MAX_STEPS = 500;
/** A document that fails is retried each hour for a day: download, record, wait. */
const STEPS_PER_FAULT = 3 * 25;

const withTrueNotices: fc.Arbitrary<History> = truths.chain((truth) =>
  trueDeliveries(truth).map((deliveries) => ({ truth, deliveries })),
);

const withForgedNotices: fc.Arbitrary<History> = withTrueNotices.chain(({ truth, deliveries }) =>
  forgedDeliveries(truth, [...FORGED, 'Some Synced']).map((forged) => ({
    truth,
    deliveries: [...deliveries, ...forged],
  })),
);

function run(truth: Truth, deliveries: readonly Delivery[]): Ending {
  return new Life(new ModelUpstream(truth), DEFAULT_POLICY, deliveries).run();
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

function maxSteps({ reports }: Truth): number {
  const faulty = reports.filter(({ fault }) => fault !== 'none');
  const documents = faulty.reduce((sum, { versionsAtMs, offered }) => sum + versionsAtMs.length * offered.length, 0);
  return MAX_STEPS + documents * STEPS_PER_FAULT;
}

function expectTrueEnding(truth: Truth, deliveries: readonly Delivery[]): void {
  const ending = run(truth, deliveries);
  expectEnding(ending, verdictOn(truth, DEFAULT_POLICY));
  expect(ending.steps.length).toBeLessThan(maxSteps(truth));
}

function expectEnding(ending: Ending, verdict: Verdict): void {
  const { conclusion } = ending;
  expect({ ...conclusion, reason: comparableReason(conclusion.reason, verdict) }).toEqual(verdict.conclusion);
  if (verdict.documents) expect(storedKeys(ending)).toEqual(verdict.documents);
  expect(ending.atMs).toBeLessThanOrEqual(verdict.byMs);
  if (ending.conclusion.reason !== 'deleted-upstream') expect(ending.facts.status.claim).toBeNull();
  expect(ending.steps.filter(({ atMs, step }) => step.do === 'wait' && step.wait.untilMs <= atMs)).toEqual([]);
}

describe('an applicant ends as the truth upstream requires', () => {
  test('without notices', () => {
    fc.assert(
      fc.property(truths, (truth) => expectTrueEnding(truth, [])),
      { numRuns: 300 },
    );
  });

  test('with notices that are lost, repeated, late or out of order', () => {
    fc.assert(
      fc.property(withTrueNotices, ({ truth, deliveries }) => expectTrueEnding(truth, deliveries)),
      { numRuns: 300 },
    );
  });

  test('with forged notices', () => {
    fc.assert(
      fc.property(withForgedNotices, ({ truth, deliveries }) => expectTrueEnding(truth, deliveries)),
      { numRuns: 300 },
    );
  });
});
