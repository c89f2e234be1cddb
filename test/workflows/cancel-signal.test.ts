import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import { type CollectRecordsInput, cancelApplicantSignal } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn } = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const REQUEST = { reasonCode: 'authorization-revoked', note: 'Jane Doe called' } as const;

const cancel = (applicant: ApplicantUnderTest, request: unknown = REQUEST) =>
  applicant.handle.signal(cancelApplicantSignal, request as typeof REQUEST);

/** The run completes as cancelled, the person is withdrawn, and the note is nowhere. */
async function expectCancelled(applicant: ApplicantUnderTest): Promise<void> {
  const { status, result } = await applicant.waitForEnd(MINUTE_MS);
  expect([status, result?.outcome, result?.reason]).toEqual(['COMPLETED', 'cancelled', 'operator']);
  expect(applicant.manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator', closedAt: expect.any(String) });
  expect(applicant.upstream.people.every(({ deleted }) => deleted)).toBe(true);
  const state = await applicant.state();
  expect(state).toMatchObject({ stage: 'closed', cancel: { reasonCode: REQUEST.reasonCode } });
  expect(JSON.stringify([state, applicant.manifest])).not.toContain('Jane');
}

describe('the signal cancelApplicant cancels', () => {
  test('while the manifest is read: upstream is not called', async () => {
    const store = new FakeStore();
    const release = store.hold();
    const applicant = await follow([], { policy: BY_NOTICES, store });
    await store.waitForCall();
    await cancel(applicant);
    release();
    await expectCancelled(applicant);
    expect(applicant.routes()).toEqual([]);
  });

  test.each([
    ['collected', false],
    ['collected', true],
    [null, false],
  ] as const)(
    'before another round, after one with the outcome %s (other details: %s), has invited: its person is withdrawn',
    async (outcome, isOfOthers) => {
      const store = new FakeStore();
      const upstream = new FakeUpstream([]);
      const person = upstream.addPerson('POL-again', 'POL-again@example.org', 0);
      const detailsDigest = createKeyedDigest(DIGEST_KEYS, isOfOthers ? 'digest of other details' : 'digest');
      store.addManifest('POL-again', { outcome, humanId: person.humanId, detailsDigest });
      const release = store.hold();
      const input: Partial<CollectRecordsInput> = { again: true };
      const applicant = await followOn(upstream, { policy: BY_NOTICES, store, clientUserId: 'POL-again', input });
      await store.waitForCall();
      await cancel(applicant);
      release();
      await expectCancelled(applicant);
      expect(applicant.routes()).toEqual(['withdraw']);
      expect(applicant.manifest.timeline.entries.map(({ kind }) => kind)).toContain('withdrawn');
    },
  );

  test('during the invitation: a created person is withdrawn', async () => {
    const upstream = new FakeUpstream([]);
    const release = upstream.hold('invite');
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await upstream.waitForCall('invite');
    await cancel(applicant);
    await cancel(applicant, { reasonCode: 'other' });
    release();
    await expectCancelled(applicant);
    expect([upstream.people.length, applicant.manifest.humanId]).toEqual([1, applicant.humanId]);
  });

  test('after the invitation; a repeat changes nothing', async () => {
    const applicant = await follow([], { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const release = applicant.upstream.hold('withdraw');
    await cancel(applicant);
    await applicant.upstream.waitForCall('withdraw');
    await cancel(applicant, { reasonCode: 'other' });
    release();
    await expectCancelled(applicant);
    expect(applicant.upstream.count('withdraw')).toBe(1);
    const { timeline } = await applicant.state();
    const requests = timeline.entries.filter(({ kind }) => kind === 'cancel-requested');
    expect(requests).toMatchObject([{ source: 'operator', data: { reasonCode: REQUEST.reasonCode } }]);
  });

  test('while the person syncs, without waiting for a poll in flight', async () => {
    const upstream = new FakeUpstream([{ afterMs: MINUTE_MS, status: 'Syncing' }]);
    const applicant = await followOn(upstream);
    await applicant.sendNotices([{ afterMs: MINUTE_MS, status: 'Syncing' }]);
    const release = upstream.hold('readStatus');
    const skipping = applicant.skip(30 * MINUTE_MS);
    await upstream.waitForCall('readStatus');
    await cancel(applicant);
    await upstream.waitForCall('withdraw');
    release();
    await skipping;
    await expectCancelled(applicant);
  });

  test('while downloads are in flight: they end before the person is withdrawn', async () => {
    const upstream = new FakeUpstream(ALL_SYNCED);
    const release = upstream.hold('openReport');
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices(ALL_SYNCED);
    const skipping = applicant.skip(40 * SECOND_MS);
    await upstream.waitForCall('openReport', 3);
    await cancel(applicant);
    expect(upstream.count('withdraw')).toBe(0);
    release();
    await skipping;
    await expectCancelled(applicant);
    expect(applicant.routes().at(-1)).toBe('withdraw');
  });

  test('in the run that continues one with an unfinished cancel', async () => {
    const first = await follow([], { policy: BY_NOTICES });
    await first.waitForInvitation();
    const carried = { ...(await first.state()), cancel: { reasonCode: REQUEST.reasonCode, atMs: 0 } };
    const input: Partial<CollectRecordsInput> = { carried };
    const { upstream, clientUserId } = first;
    await expectCancelled(await followOn(upstream, { policy: BY_NOTICES, clientUserId, input }));
  });
});

describe('with a cancel request in Temporal', () => {
  test('that comes after the signal, the run completes', async () => {
    const applicant = await follow([], { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    await cancel(applicant);
    await applicant.handle.cancel();
    await expectCancelled(applicant);
    expect(applicant.upstream.count('withdraw')).toBe(1);
  });

  test('that came before the signal, the run is Canceled', async () => {
    const applicant = await follow([], { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const release = applicant.upstream.hold('withdraw');
    await applicant.handle.cancel();
    await applicant.upstream.waitForCall('withdraw');
    await cancel(applicant);
    release();
    expect((await applicant.waitForEnd(MINUTE_MS)).status).toBe('CANCELLED');
    expect(applicant.manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator' });
  });
});

test('a cancel while a declined person is withdrawn changes no outcome', async () => {
  const script = [{ afterMs: HOUR_MS, status: 'Declined' }];
  const applicant = await follow(script, { policy: BY_NOTICES });
  const release = applicant.upstream.hold('withdraw');
  await applicant.sendNotices(script);
  await applicant.upstream.waitForCall('withdraw');
  await cancel(applicant);
  release();
  expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('declined');
  expect(applicant.manifest.outcome).toBe('declined');
  expect(applicant.upstream.count('withdraw')).toBe(1);
});

describe('a cancel after the conclusion withdraws the person, and the outcome stands:', () => {
  /** Without a refresh, which `withdrawnAt` ends. */
  async function expectWithdrawn(applicant: ApplicantUnderTest): Promise<void> {
    const { status, result } = await applicant.waitForEnd(MINUTE_MS);
    expect([status, result?.outcome]).toEqual(['COMPLETED', 'collected']);
    expect(applicant.manifest).toMatchObject({ outcome: 'collected', withdrawnAt: expect.any(String) });
    expect(applicant.upstream.people.every(({ deleted }) => deleted)).toBe(true);
    expect(applicant.routes().at(-1)).toBe('withdraw');
  }
  const kinds = ({ manifest }: ApplicantUnderTest) => manifest.timeline.entries.map(({ kind }) => kind);

  test('during the write of the closing; a report that came then is not listed', async () => {
    const store = new FakeStore();
    const applicant = await follow(ALL_SYNCED, { policy: BY_NOTICES, store });
    await applicant.sendNotices(ALL_SYNCED);
    await applicant.skipTo(HOUR_MS + 9 * MINUTE_MS);
    const release = store.hold();
    const skipping = applicant.skip(2 * MINUTE_MS);
    await store.waitForCall();
    await applicant.sendReportNotice('u-A', '2026-02-01T00:00:00.000Z');
    const listed = applicant.upstream.count('listReports');
    await cancel(applicant);
    release();
    await skipping;
    await expectWithdrawn(applicant);
    expect(applicant.upstream.count('listReports')).toBe(listed);
    expect(kinds(applicant)).toEqual(expect.arrayContaining(['closed', 'cancel-requested', 'withdrawn']));
    expect(kinds(applicant).filter((kind) => kind === 'withdrawn')).toHaveLength(1);
  });

  test('of an outcome that the manifest has', async () => {
    const store = new FakeStore();
    const upstream = new FakeUpstream([]);
    const { humanId } = upstream.addPerson('POL-closed', 'POL-closed@example.org', 0);
    const detailsDigest = createKeyedDigest(DIGEST_KEYS, 'digest');
    const closedAt = '2026-01-30T00:00:00.000Z';
    store.addManifest('POL-closed', { outcome: 'collected', humanId, detailsDigest, closedAt });
    const release = store.hold();
    const applicant = await followOn(upstream, { policy: BY_NOTICES, store, clientUserId: 'POL-closed' });
    await store.waitForCall();
    await cancel(applicant);
    release();
    await expectWithdrawn(applicant);
    expect(applicant.manifest.closedAt).toBe(closedAt);
  });
});

test.each([null, 'other', {}, { reasonCode: 'jane' }, { reasonCode: ['other'] }])(
  'the malformed cancel %j is ignored',
  async (request) => {
    const applicant = await follow([], { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    await cancel(applicant, request);
    await applicant.skip(MINUTE_MS);
    expect(await applicant.state()).toMatchObject({ stage: 'invited', cancel: null });
  },
);
