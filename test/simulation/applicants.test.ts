import { DAY_MS } from '../../src/domain/policy';
import { documentKey } from '../../src/domain/reports';
import { statusKind } from '../../src/domain/status';
import { comparableReason, type Verdict, verdictOn } from '../domain/model/oracle';
import type { Truth } from '../domain/model/upstream';
import { fc } from '../support/property';
import { type SimulationCase, type SimulationResult, simulate } from './applicant';
import { cases, POLICY } from './cases';
import { WorkflowCode } from './workflow-code';

/** `SIMULATION_CASES=5000 PROPERTY_SEED=random` searches further than `npm test` does. */
const CASES = Number(process.env['SIMULATION_CASES'] ?? 150);
const TEST_TIMEOUT_MS = 3_600_000;
/** An applicant that is open this long after the oracle's limit never closes. */
const OVERDUE_MS = 20 * DAY_MS;

const code = new WorkflowCode(['recordManifest']);

const CONFIRMED_BY_READ: ReadonlySet<string> = new Set([
  'declined',
  'error',
  'disconnected',
  'some-synced',
  'all-synced',
]);

async function expectTrueEnd(testCase: SimulationCase): Promise<void> {
  const verdict = verdictOn(testCase.truth, POLICY);
  const result = await simulate(code, testCase, POLICY, verdict.byMs + OVERDUE_MS);
  expectInvitedOnce(result);
  if (result.closed.status === 'CANCELLED') expectCancelled(result, testCase);
  else expectEnd(result, testCase, verdict);
}

/** Between two creates there is an answered look-up, and no person exists twice. */
function expectInvitedOnce({ upstream }: SimulationResult): void {
  expect(upstream.created.filter(({ existing }) => existing > 0)).toEqual([]);
  let lookedUp = false;
  for (const { route, answered } of upstream.calls) {
    if (route === 'findPeople' && answered) lookedUp = true;
    if (route !== 'invite') continue;
    expect(lookedUp).toBe(true);
    lookedUp = false;
  }
}

/** A cancel withdraws the invited person at any time. */
function expectCancelled({ upstream, manifest }: SimulationResult, { cancelAtMs }: SimulationCase): void {
  expect(cancelAtMs).not.toBeNull();
  expect(manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator' });
  expect(upstream.remaining()).toEqual([]);
}

function expectEnd(result: SimulationResult, testCase: SimulationCase, verdict: Verdict): void {
  const { closed, upstream, manifest } = result;
  const { conclusion, documents, byMs } = verdict;
  const { outcome, reason, shouldWithdraw: withdraw } = conclusion;
  expect([manifest?.outcome, comparableReason(manifest?.reason ?? null, verdict)]).toEqual([outcome, reason]);
  expect(closed).toMatchObject({ status: 'COMPLETED', result: { outcome, reason: manifest?.reason } });
  expect(closed.atMs).toBeLessThanOrEqual(byMs);
  if (documents) expect(storedKeys(result, testCase.truth)).toEqual(documents);
  if (!withdraw) expect(upstream.calls.filter(({ route }) => route === 'withdraw')).toEqual([]);
  expect(upstream.remaining()).toHaveLength(withdraw || reason === 'deleted-upstream' ? 0 : 1);
  if (reason !== 'deleted-upstream') expectReadBefore(result, testCase);
}

/** A read confirmed the status before anything irreversible; the claim of a notice is not enough. */
function expectReadBefore({ upstream, closed }: SimulationResult, { truth }: SimulationCase): void {
  const deleted = upstream.calls.find(({ route }) => route === 'withdraw')?.atMs ?? closed.atMs;
  const lastRead = upstream.calls.findLast(
    ({ route, status, atMs }) => route === 'readStatus' && typeof status === 'string' && atMs <= deleted,
  );
  const last = statusKind(truth.statuses.at(-1)?.status ?? '');
  // The answer to the invitation is a read too.
  if (lastRead || CONFIRMED_BY_READ.has(last)) expect(statusKind(lastRead?.status ?? '')).toBe(last);
}

/** The stored documents that are upstream's last versions. */
function storedKeys({ manifest }: SimulationResult, { reports }: Truth): string[] {
  const last = new Set(
    reports.map(({ id, versionsAtMs }) => `${id} ${new Date(versionsAtMs.at(-1) ?? 0).toISOString()}`),
  );
  return (manifest?.documents ?? [])
    .map(({ reportId: id, updatedAt, seenAt, type, organization, format }) => ({
      report: { id, type, organization, updatedAt: seenAt ?? updatedAt },
      format,
    }))
    .filter(({ report }) => last.has(`${report.id} ${report.updatedAt}`))
    .map((document) => documentKey(document))
    .sort();
}

test(
  'an applicant ends as the facts upstream require, in spite of losses, repeats, forgeries, cancels, restarts and reordering',
  () => fc.assert(fc.asyncProperty(cases, expectTrueEnd), { numRuns: CASES }),
  TEST_TIMEOUT_MS,
);
