import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { statusNoticeSignal } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, provider, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

/** The times of the reads, in minutes after the invitation. */
function readMinutes({ upstream, invitedAtMs }: ApplicantUnderTest): number[] {
  return upstream.callsTo('readStatus').map(({ atMs }) => Math.round((atMs - invitedAtMs) / MINUTE_MS));
}

describe('polls', () => {
  function polling(pollMs: Partial<Policy['pollMs']>): Policy {
    return { ...DEFAULT_POLICY, pollMs: { ...BY_NOTICES.pollMs, ...pollMs } };
  }

  test('come at their cadence from the invitation on and add no history event', async () => {
    const applicant = await follow([], { policy: polling({ invited: HOUR_MS }) });
    await applicant.skipTo(90 * MINUTE_MS);
    const eventsBefore = await applicant.countEvents();
    await applicant.skipTo(90 * MINUTE_MS + 100 * HOUR_MS);
    expect(readMinutes(applicant)).toEqual(Array.from({ length: 101 }, (_, index) => 60 * (index + 1)));
    expect(await applicant.countEvents()).toBe(eventsBefore);
  });

  test('change their cadence at once, even while one is under way', async () => {
    const policy = polling({ invited: 6 * HOUR_MS, engaged: HOUR_MS });
    const script = [{ afterMs: 7 * HOUR_MS, status: 'Engaged' }];
    const applicant = await follow(script, { policy });
    await applicant.sendNotices(script);
    await applicant.skipTo(9.5 * HOUR_MS);
    expect(readMinutes(applicant)).toEqual([360, 480, 540]);
  });

  test('list the reports as well while the status is Some Synced', async () => {
    const script = [
      { afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') },
      { afterMs: 5.5 * HOUR_MS, reports: [row('u-B', 'unity', 'B')] },
    ];
    const applicant = await follow(script, { policy: polling({ invited: HOUR_MS, someSynced: HOUR_MS }) });
    await applicant.skipTo(4.9 * HOUR_MS);
    expect((await applicant.state()).collection.documents).toHaveLength(3);
    await applicant.skipTo(7 * HOUR_MS);
    expect((await applicant.state()).collection.documents).toHaveLength(5);
  });
});

describe('a notice', () => {
  const SYNCING: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Syncing' }];
  const DECLINED = { afterMs: 3 * HOUR_MS, status: 'Declined' };

  /** An applicant with the status Syncing since the first hour. */
  async function syncing(script: readonly Change[] = []): Promise<ApplicantUnderTest> {
    const applicant = await follow([...SYNCING, ...script], { policy: BY_NOTICES });
    await applicant.sendNotices(SYNCING);
    return applicant;
  }

  test("with another person's humanId, or without a valid status, is ignored and counted", async () => {
    const applicant = await syncing();
    await applicant.sendStatusNotice('Declined', 2 * HOUR_MS, 'h-else');
    await applicant.sendReportNotice('u-A', null, 'h-else');
    const { humanId } = applicant;
    for (const notice of [null, { humanId }, { humanId, status: 7, updatedAt: null }])
      await applicant.handle.signal(statusNoticeSignal, notice as never);
    await applicant.skip(DAY_MS);
    expect(await applicant.state()).toMatchObject({ stage: 'syncing', status: 'Syncing', ignoredNotices: 5 });
    expect(applicant.routes(MINUTE_MS)).toEqual([]);
  });

  test('that is forged costs four reads at most per hour and never withdraws', async () => {
    const applicant = await syncing();
    for (const minutes of [120, 125, 130]) {
      await applicant.skipTo(minutes * MINUTE_MS);
      await applicant.sendStatusNotice('Declined', minutes * MINUTE_MS);
    }
    await applicant.skip(DAY_MS);
    expect(await applicant.state()).toMatchObject({ stage: 'syncing', status: 'Syncing', outcome: null });
    // One read for each notice, and one series of reads 1, 5 and 30 minutes apart.
    expect(readMinutes(applicant)).toEqual([120, 121, 125, 126, 130, 156]);
    expect(applicant.routes()).not.toContain('withdraw');
  });

  test.each([
    ['readStatus', (applicant: ApplicantUnderTest, afterMs: number) => applicant.sendStatusNotice('Declined', afterMs)],
    ['listReports', (applicant: ApplicantUnderTest, afterMs: number) => applicant.sendReportNotice(`r-${afterMs}`)],
  ] as const)('every ten seconds costs five calls of %s at once, then one per minute', async (route, send) => {
    const applicant = await syncing();
    for (let afterMs = 2 * HOUR_MS; afterMs < 3 * HOUR_MS; afterMs += 10 * SECOND_MS) {
      await applicant.skipTo(afterMs);
      await send(applicant, afterMs);
    }
    expect(applicant.upstream.count(route)).toBeGreaterThanOrEqual(60);
    expect(applicant.upstream.count(route)).toBeLessThanOrEqual(5 + 60);
    expect((await applicant.state()).outcome).toBeNull();
  });

  test('that is ahead of what upstream reads is confirmed by the next reads', async () => {
    const upstream = new FakeUpstream([...SYNCING, DECLINED]);
    const lagMs = 3 * MINUTE_MS;
    upstream.editPerson = (person, atMs) =>
      person.status === 'Declined' && atMs < applicant.invitedAtMs + DECLINED.afterMs + lagMs
        ? { ...person, status: 'Syncing', updatedAtMs: applicant.invitedAtMs + HOUR_MS }
        : person;
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices([...SYNCING, DECLINED]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result?.outcome).toBe('declined');
    expect(afterMs).toBeGreaterThan(DECLINED.afterMs + lagMs);
    expect(afterMs).toBeLessThan(DECLINED.afterMs + 10 * MINUTE_MS);
  });

  test('that arrives before the answer to the invitation counts after it', async () => {
    const upstream = new FakeUpstream([{ afterMs: 0, reports: provider('A') }]);
    const person = upstream.addPerson('POL-early', 'pol-early@example.org', await nowMs());
    const release = upstream.hold('findPeople');
    const applicant = await followOn(upstream, { policy: BY_NOTICES, clientUserId: 'POL-early' });
    await applicant.sendReportNotice('u-A');
    await applicant.sendReportNotice('u-A', null, 'h-else');
    expect(await applicant.state()).toMatchObject({ stage: 'inviting', humanId: null, ignoredNotices: 0 });
    release();
    const state = await applicant.skipUntil(({ collection }) => collection.documents.length === 3, SECOND_MS);
    expect(state).toMatchObject({ humanId: person.humanId, ignoredNotices: 1, stage: 'invited' });
  });
});
