import { DEFAULT_POLICY } from '../../src/domain/policy';
import { documentKey } from '../../src/domain/reports';
import { fc } from '../support/property';
import { forgedDeliveries, type History, trueDeliveries, truths } from './model/histories';
import { type Delivery, Life, type ModelResult } from './model/life';
import { comparableReason, verdictOn } from './model/oracle';
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

function run(truth: Truth, deliveries: readonly Delivery[]): ModelResult {
  return new Life(new ModelUpstream(truth), DEFAULT_POLICY, deliveries).run();
}

function storedKeys({ collection }: ModelResult): string[] {
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

function expectTrueResult(truth: Truth, deliveries: readonly Delivery[]): void {
  const result = run(truth, deliveries);
  const { conclusion, atMs: endedAtMs, facts, steps } = result;
  const verdict = verdictOn(truth, DEFAULT_POLICY);
  expect({ ...conclusion, reason: comparableReason(conclusion.reason, verdict) }).toEqual(verdict.conclusion);
  if (verdict.documents) expect(storedKeys(result)).toEqual(verdict.documents);
  expect(endedAtMs).toBeLessThanOrEqual(verdict.byMs);
  if (conclusion.reason !== 'deleted-upstream') expect(facts.status.claim).toBeNull();
  expect(steps.filter(({ atMs, step }) => step.do === 'wait' && step.wait.untilMs <= atMs)).toEqual([]);
  expect(steps.length).toBeLessThan(maxSteps(truth));
}

test.each<[string, fc.Arbitrary<History>]>([
  ['no notices', truths.map((truth) => ({ truth, deliveries: [] }))],
  ['notices that are lost, repeated, late or out of order', withTrueNotices],
  ['forged notices', withForgedNotices],
])('with %s an applicant ends as the truth upstream requires', (_what, histories) => {
  fc.assert(
    fc.property(histories, ({ truth, deliveries }) => expectTrueResult(truth, deliveries)),
    { numRuns: 300 },
  );
});
