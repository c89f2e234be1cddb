import { MockActivityEnvironment } from '@temporalio/testing';
import { createManifestActivities, type RecordManifestInput } from '../../src/activities/manifests';
import { DAY_MS } from '../../src/domain/policy';
import type { CheckSchedule } from '../../src/domain/refresh';
import { type AuditEntry, AuditUnavailable } from '../../src/observability/audit';
import type { ManifestChange } from '../../src/report-store/port';
import { createDigestKeys, generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { change } from '../report-store/fixtures';
import { manifestDeps, NO_RUNS } from '../support/activity-deps';
import { FakeStore } from '../support/fake-store';

const CLOSED_AT = '2026-01-01T00:00:00.000Z';
const CANCELLED = { outcome: 'cancelled', reason: 'operator', closedAt: CLOSED_AT } as const;
const COLLECTED = { outcome: 'collected', closedAt: CLOSED_AT } as const;

/** `record`: writes the audit log instead. */
function setup(record?: () => Promise<void>) {
  const reportStore = new FakeStore();
  const audited: AuditEntry[] = [];
  const scheduled: { schedule: CheckSchedule; delayMs: number }[] = [];
  const { recordManifest } = createManifestActivities({
    ...manifestDeps(reportStore),
    audit: { record: record ?? (async (entry) => void audited.push(entry)) },
    runs: { ...NO_RUNS, scheduleChecks: async (_id, schedule, delayMs) => void scheduled.push({ schedule, delayMs }) },
    refreshForMs: 30 * DAY_MS,
  });
  const close = (closing: Partial<RecordManifestInput>) =>
    new MockActivityEnvironment().run(recordManifest, { ...change({ round: 1, revision: 1 }), ...closing });
  return { reportStore, audited, scheduled, close };
}

test.each([5_000, 30_000])('an attempt with a timeout of %i ms waits less for other writers', async (timeoutMs) => {
  const reportStore = new FakeStore();
  const update = jest.spyOn(reportStore, 'updateManifest');
  const { recordManifest } = createManifestActivities(manifestDeps(reportStore));
  const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: timeoutMs });
  const recorded = await environment.run(recordManifest, change({ round: 1, revision: 4 }));
  expect(recorded).toEqual({ round: 1, revision: 4, outcome: null });
  expect(update.mock.calls.map(([, options]) => options)).toEqual([{ waitAtMostMs: timeoutMs * 0.8 }]);
});

describe('the audit log', () => {
  test('has a line for a cancel by an operator', async () => {
    const { close, reportStore, audited } = setup();
    await close(CANCELLED);
    expect(reportStore.manifests.get('POL-1')?.outcome).toBe('cancelled');
    expect(audited).toMatchObject([{ who: 'worker', did: 'cancel', clientUserId: 'POL-1' }]);
  });

  test('has no second line for a cancel that the api recorded', async () => {
    const { close, reportStore, audited } = setup();
    await close({ ...CANCELLED, isCancelAudited: true });
    expect([reportStore.manifests.get('POL-1')?.outcome, audited]).toEqual(['cancelled', []]);
  });

  test('has no line for a cancel after another outcome', async () => {
    const { close, reportStore, audited } = setup();
    reportStore.addManifest('POL-1', { outcome: 'collected', round: 1, revision: 2 });
    expect(await close(CANCELLED)).toMatchObject({ outcome: 'collected' });
    expect(audited).toEqual([]);
  });

  test.each([
    ['cancelled', 'deleted-upstream'],
    ['expired', null],
    [null, null],
  ] as const)('has no line for the outcome %s with the reason %s', async (outcome, reason) => {
    const { close, reportStore, audited } = setup();
    await close({ outcome, reason });
    expect([reportStore.written.length, audited]).toEqual([1, []]);
  });

  test('does not keep an applicant open if it cannot be written', async () => {
    const { close } = setup(() => Promise.reject(new AuditUnavailable(null)));
    expect(await close(CANCELLED)).toMatchObject({ outcome: 'cancelled' });
  });
});

describe('a closing', () => {
  test('schedules its checks within REFRESH_FOR', async () => {
    const { close, scheduled } = setup();
    await close({ ...COLLECTED, checkAfterMs: [DAY_MS, 7 * DAY_MS, 31 * DAY_MS] });
    const schedule = { closedAtMs: Date.parse(CLOSED_AT), afterMs: [DAY_MS, 7 * DAY_MS] };
    expect(scheduled).toEqual([{ schedule, delayMs: DAY_MS }]);
  });

  test('after another outcome schedules none', async () => {
    const { close, reportStore, scheduled } = setup();
    reportStore.addManifest('POL-1', { outcome: 'expired', round: 1, revision: 2 });
    await close({ ...COLLECTED, checkAfterMs: [DAY_MS] });
    expect(scheduled).toEqual([]);
  });
});

describe('the details of an earlier round', () => {
  const [K1, K2] = [generateKey('k1'), generateKey('k2')];

  /** Writes a manifest with some secrets, and reads it with others. */
  async function setupSecrets(before: readonly [string, string], after: readonly [string, string], isClosed = true) {
    const reportStore = new FakeStore();
    const activities = ([clientSecret, keys]: readonly [string, string]) =>
      createManifestActivities({
        ...manifestDeps(reportStore),
        digestKeys: createDigestKeys(parseKeyRing(keys), clientSecret),
      });
    const environment = new MockActivityEnvironment();
    const write = (secrets: readonly [string, string], changed: Partial<ManifestChange>) =>
      environment.run(activities(secrets).recordManifest, change({ detailsDigest: 'own', ...changed }));
    await write(before, { round: 1, revision: 1, ...(isClosed && COLLECTED) });
    const read = (detailsDigest: string) =>
      environment.run(activities(after).readEarlierRound, { clientUserId: 'POL-1', detailsDigest });
    return { reportStore, write, read };
  }

  test('are distinguished from others after the client secret was rotated', async () => {
    const { read } = await setupSecrets(['before', K1], ['after', K1]);
    expect(await read('own')).toMatchObject({ outcome: 'collected', ofOthers: false });
    expect(await read('other')).toMatchObject({ outcome: 'collected', ofOthers: true });
  });

  test('count as others without their key if there is an outcome, and as the same while the applicant is open', async () => {
    const closed = await setupSecrets(['before', ''], ['after', '']);
    expect(await closed.read('own')).toMatchObject({ ofOthers: true });
    const open = await setupSecrets(['before', ''], ['after', ''], false);
    expect(await open.read('own')).toMatchObject({ outcome: null, ofOthers: false });
  });

  test('count as the same if a withdrawal by hand wrote none', async () => {
    const { reportStore, read } = await setupSecrets(['before', K1], ['before', K1]);
    reportStore.addManifest('POL-1', { outcome: 'cancelled', closedAt: CLOSED_AT });
    expect(await read('own')).toMatchObject({ outcome: 'cancelled', ofOthers: false });
  });

  test('get a new key at the next write, so that the old key can be removed', async () => {
    const { write, read } = await setupSecrets(['secret', K1], ['rotated', K2], false);
    await write(['secret', `${K2},${K1}`], { round: 1, revision: 2, ...COLLECTED });
    expect(await read('own')).toMatchObject({ outcome: 'collected', ofOthers: false });
    expect(await read('other')).toMatchObject({ ofOthers: true });
  });
});
