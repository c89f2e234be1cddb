import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { statusNoticeSignal } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const SYNCING: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Syncing' }];
/** Upstream says Syncing from the first hour on, and we have heard so. */
async function syncing(script: readonly Change[] = []): Promise<ApplicantUnderTest> {
  const applicant = await follow([...SYNCING, ...script], { policy: BY_NOTICES });
  await applicant.sendNotices(SYNCING);
  return applicant;
}

/** When the status was read, in ms after the invitation. */
function readsAfterMs({ humanApi, invitedAtMs }: ApplicantUnderTest): number[] {
  return humanApi.callsTo('readStatus').map(({ atMs }) => atMs - invitedAtMs);
}

test("a notice of another person's humanId is ignored and counted", async () => {
  const applicant = await syncing();
  await applicant.sendStatusNotice('Declined', 2 * HOUR_MS, 'h-somebody-else');
  await applicant.sendReportNotice('u-A', null, 'h-somebody-else');
  await applicant.skip(DAY_MS);
  expect(await applicant.state()).toMatchObject({ stage: 'syncing', status: 'Syncing', ignoredNotices: 2 });
  expect(applicant.routes(MINUTE_MS)).toEqual([]);
});

test.each([
  ['nothing', null],
  ['no status', { humanId: 'ours' }],
  ['a status that is no text', { humanId: 'ours', status: 7, updatedAt: null }],
])('a signal that holds %s harms nobody', async (_what, notice) => {
  const applicant = await syncing();
  const signalled = notice && { ...notice, humanId: applicant.humanId };
  await applicant.handle.signal(statusNoticeSignal, signalled as never);
  expect(await applicant.state()).toMatchObject({ stage: 'syncing', ignoredNotices: 1 });
});

test('a forged Declined costs a few reads and never withdraws', async () => {
  const applicant = await syncing();
  await applicant.skipTo(2 * HOUR_MS);
  await applicant.sendStatusNotice('Declined', 2 * HOUR_MS);
  await applicant.skip(DAY_MS);
  expect(await applicant.state()).toMatchObject({ stage: 'syncing', status: 'Syncing', outcome: null });
  const reads = readsAfterMs(applicant).map((afterMs) => (afterMs - 2 * HOUR_MS) / MINUTE_MS);
  expect(reads).toHaveLength(4);
  const [atOnce = -1, ...again] = reads;
  expect(atOnce).toBeLessThan(0.1);
  // 1, 5 and 30 min apart, then left to polling.
  expect(again.map(Math.round)).toEqual([1, 6, 36]);
  expect(applicant.routes()).not.toContain('withdraw');
});

test('there is at most one such series an hour', async () => {
  const applicant = await syncing();
  for (const minutes of [120, 125, 130]) {
    await applicant.skipTo(minutes * MINUTE_MS);
    await applicant.sendStatusNotice('Declined', minutes * MINUTE_MS);
  }
  await applicant.skip(DAY_MS);
  // One each, and no more re-reads than one series has.
  expect(readsAfterMs(applicant).length).toBeGreaterThan(3);
  expect(readsAfterMs(applicant).length).toBeLessThanOrEqual(3 + 3);
  expect(applicant.routes()).not.toContain('withdraw');
});

test('a notice that runs ahead of what upstream reads is confirmed by the reads that follow', async () => {
  const humanApi = new FakeUpstream([...SYNCING, { afterMs: 2 * HOUR_MS, status: 'Declined' }]);
  const lagMs = 3 * MINUTE_MS;
  humanApi.editPerson = (user, atMs) =>
    user.status === 'Declined' && atMs < applicant.invitedAtMs + 2 * HOUR_MS + lagMs
      ? { ...user, status: 'Syncing', updatedAtMs: applicant.invitedAtMs + HOUR_MS }
      : user;
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.sendNotices([...SYNCING, { afterMs: 2 * HOUR_MS, status: 'Declined' }]);
  const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
  expect(result?.outcome).toBe('declined');
  expect(afterMs).toBeGreaterThan(2 * HOUR_MS + lagMs);
  expect(afterMs).toBeLessThan(2 * HOUR_MS + 10 * MINUTE_MS);
});

test('a notice from 2099 costs a read and deafens nobody', async () => {
  const script: readonly Change[] = [{ afterMs: 3 * HOUR_MS, status: 'Declined' }];
  const applicant = await syncing(script);
  const { humanId } = applicant;
  await applicant.handle.signal(statusNoticeSignal, { humanId, status: 'Declined', updatedAt: '2099-01-01T00:00:00Z' });
  await applicant.skipTo(2 * HOUR_MS);
  expect(await applicant.state()).toMatchObject({ stage: 'syncing', status: 'Syncing' });
  expect(readsAfterMs(applicant)).toHaveLength(1);
  await applicant.sendNotices(script);
  expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('declined');
});

test('a flood of forged notices costs a few reads, and an honest one is heard after it', async () => {
  const script: readonly Change[] = [{ afterMs: 3 * HOUR_MS, status: 'Declined' }];
  const applicant = await syncing(script);
  for (let forged = 0; forged < 500; forged += 1) {
    await applicant.sendStatusNotice('Declined', HOUR_MS + MINUTE_MS + forged * 10);
  }
  await applicant.skipTo(2 * HOUR_MS);
  expect(readsAfterMs(applicant).length).toBeLessThanOrEqual(10);
  expect(await applicant.state()).toMatchObject({ stage: 'syncing', outcome: null });
  await applicant.sendNotices(script);
  expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('declined');
  expect(applicant.humanApi.count('withdraw')).toBe(1);
});

test('a flood of forged report notices costs a few lists', async () => {
  const applicant = await syncing();
  for (let forged = 0; forged < 500; forged += 1) await applicant.sendReportNotice(`forged-${forged}`);
  await applicant.skipTo(2 * HOUR_MS);
  expect(applicant.humanApi.count('listReports')).toBeLessThanOrEqual(6);
  expect(applicant.routes()).not.toContain('openReport');
});

test('a repeat changes nothing', async () => {
  const applicant = await syncing();
  const { facts } = await applicant.state();
  for (let repeat = 0; repeat < 3; repeat += 1) await applicant.sendStatusNotice('Syncing', HOUR_MS);
  expect((await applicant.state()).facts).toEqual(facts);
  expect(applicant.routes(MINUTE_MS)).toEqual([]);
});

test('a late older status does not move an applicant back, and costs nothing', async () => {
  const applicant = await syncing();
  await applicant.sendStatusNotice('Engaged', HOUR_MS / 2);
  await applicant.skip(MINUTE_MS);
  expect(await applicant.state()).toMatchObject({ stage: 'syncing', status: 'Syncing' });
  expect(readsAfterMs(applicant)).toHaveLength(0);
});

test('a late older status that could end the applicant is read back', async () => {
  const applicant = await syncing();
  await applicant.sendStatusNotice('Declined', HOUR_MS / 2);
  await applicant.skip(MINUTE_MS);
  expect(await applicant.state()).toMatchObject({ stage: 'syncing', status: 'Syncing', outcome: null });
  expect(readsAfterMs(applicant)).toHaveLength(1);
});

test('what is told before the invitation is answered counts afterwards', async () => {
  const humanApi = new FakeUpstream([{ afterMs: 0, reports: provider('A') }]);
  const person = humanApi.enrol('POL-early', 'pol-early@example.org', await nowMs());
  const release = humanApi.hold('findPeople');
  const applicant = await followOn(humanApi, { policy: BY_NOTICES, clientUserId: 'POL-early' });
  await applicant.sendReportNotice('u-A');
  await applicant.sendReportNotice('u-A', null, 'h-somebody-else');
  expect(await applicant.state()).toMatchObject({ stage: 'inviting', humanId: null, ignoredNotices: 0 });
  release();
  const state = await applicant.skipUntil(({ collection }) => collection.documents.length === 3, SECOND_MS);
  expect(state).toMatchObject({ humanId: person.humanId, ignoredNotices: 1, stage: 'invited' });
});
