import { DAY_MS } from '../../src/domain/policy';
import { documentKey } from '../../src/domain/reports';
import { statusKind } from '../../src/domain/status';
import { comparableReason, type Verdict, verdictOn } from '../domain/model/oracle';
import type { Truth } from '../domain/model/upstream';
import { fc } from '../support/property';
import { type Lived, live, type Story } from './applicant';
import { POLICY, stories } from './stories';
import { WorkflowCode } from './workflow-code';

/** `SIMULATION_CASES=5000 PROPERTY_SEED=random` looks further than every landing can. */
const CASES = Number(process.env['SIMULATION_CASES'] ?? 150);
const TEST_TIMEOUT_MS = 3_600_000;
/** Long after the last moment that the oracle allows: who is open then is forgotten. */
const FORGOTTEN_MS = 20 * DAY_MS;

const code = new WorkflowCode(['recordManifest']);

const TOLD_BY_READ: ReadonlySet<string> = new Set(['declined', 'error', 'disconnected', 'some-synced', 'all-synced']);

/** The real workflow and the real activities, from the invitation to the end. */
async function expectTrueEnding(story: Story): Promise<void> {
  const verdict = verdictOn(story.truth, POLICY);
  const lived = await live(code, story, POLICY, verdict.byMs + FORGOTTEN_MS);
  expectInvitedOnce(lived);
  if (lived.closed.status === 'CANCELLED') expectCancelled(lived, story);
  else expectEnding(lived, story, verdict);
}

/** Between two creates lies a look-up that was answered; and nobody is there twice. */
function expectInvitedOnce({ upstream }: Lived): void {
  expect(upstream.created.filter(({ besides }) => besides > 0)).toEqual([]);
  let lookedUp = false;
  for (const { route, answered } of upstream.calls) {
    if (route === 'findPeople' && answered) lookedUp = true;
    if (route !== 'invite') continue;
    expect(lookedUp).toBe(true);
    lookedUp = false;
  }
}

/** A cancel withdraws whoever was invited, whenever it came. */
function expectCancelled({ upstream, manifest }: Lived, { cancelAtMs }: Story): void {
  expect(cancelAtMs).not.toBeNull();
  expect(manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator' });
  expect(upstream.left()).toEqual([]);
}

function expectEnding(lived: Lived, story: Story, verdict: Verdict): void {
  const { closed, upstream, manifest } = lived;
  const { conclusion, documents, byMs } = verdict;
  const { outcome, reason, shouldWithdraw: withdraw } = conclusion;
  expect([manifest?.outcome, comparableReason(manifest?.reason ?? null, verdict)]).toEqual([outcome, reason]);
  const result = { outcome, reason: manifest?.reason };
  expect(closed).toMatchObject({ status: 'COMPLETED', result });
  expect(closed.atMs).toBeLessThanOrEqual(byMs);
  if (documents) expect(storedKeys(lived, story.truth)).toEqual(documents);
  if (!withdraw) expect(upstream.calls.filter(({ route }) => route === 'withdraw')).toEqual([]);
  expect(upstream.left()).toHaveLength(withdraw || reason === 'deleted-upstream' ? 0 : 1);
  if (reason !== 'deleted-upstream') expectReadBefore(lived, story);
}

/** Before anything irreversible upstream was asked, and what it said is what counted, not what a notice claimed. */
function expectReadBefore({ upstream, closed }: Lived, { truth }: Story): void {
  const deleted = upstream.calls.find(({ route }) => route === 'withdraw')?.atMs ?? closed.atMs;
  const said = upstream.calls.findLast(
    ({ route, status, atMs }) => route === 'readStatus' && typeof status === 'string' && atMs <= deleted,
  );
  const last = statusKind(truth.statuses.at(-1)?.status ?? '');
  // The invitation's own answer is a read too: who never was anything else may have been asked by that alone.
  if (said || TOLD_BY_READ.has(last)) expect(statusKind(said?.status ?? '')).toBe(last);
}

/** What is stored of the versions that were upstream's last: as bytes of their own, or as the same bytes seen again. */
function storedKeys({ manifest }: Lived, { reports }: Truth): string[] {
  const last = new Set(
    reports.map(({ id, versionsAtMs }) => `${id} ${new Date(versionsAtMs.at(-1) ?? 0).toISOString()}`),
  );
  return (manifest?.documents ?? [])
    .map(({ reportId: id, seenAt: updatedAt, type, organization, format }) => ({
      report: { id, type, organization, updatedAt },
      format,
    }))
    .filter(({ report }) => last.has(`${report.id} ${report.updatedAt}`))
    .map((document) => documentKey(document))
    .sort();
}

test(
  'an applicant ends as the facts upstream say, whatever is lost, repeated, forged, cancelled, restarted or out of order',
  () => fc.assert(fc.asyncProperty(stories, expectTrueEnding), { numRuns: CASES }),
  TEST_TIMEOUT_MS,
);
