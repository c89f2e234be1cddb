import { MockActivityEnvironment } from '@temporalio/testing';
import { createManifestActivities } from '../../src/activities/manifests';
import type { ManifestChange, ReportStore } from '../../src/report-store/port';
import { createDigestKeys, generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { change } from '../report-store/fixtures';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';

test.each([5_000, 30_000])(
  'an attempt that has %i ms waits for other writers for less than that',
  async (startToCloseTimeoutMs) => {
    const reportStore = new FakeStore();
    const waits: (number | undefined)[] = [];
    const write = reportStore.updateManifest;
    reportStore.updateManifest = (async (changed, options) => {
      waits.push(options?.waitAtMostMs);
      return write(changed);
    }) satisfies ReportStore['updateManifest'];
    const { recordManifest } = createManifestActivities({ reportStore, digestKeys: DIGEST_KEYS });
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs });
    expect(await environment.run(recordManifest, change({ round: 1, revision: 4 }))).toEqual({
      ...{ round: 1, revision: 4 },
      outcome: null,
    });
    expect(waits).toEqual([startToCloseTimeoutMs * 0.8]);
  },
);

describe('the details of an earlier round', () => {
  const [K1, K2] = [generateKey('k1'), generateKey('k2')];
  const CLOSED = { outcome: 'collected', closedAt: '2026-01-01T00:00:00.000Z' } as const;

  /** What a worker with other secrets reads of a manifest that the first one wrote. */
  async function setup(before: readonly [string, string], after: readonly [string, string], closed = true) {
    const reportStore = new FakeStore();
    const activities = ([clientSecret, keys]: readonly [string, string]) =>
      createManifestActivities({ reportStore, digestKeys: createDigestKeys(parseKeyRing(keys), clientSecret) });
    const environment = new MockActivityEnvironment();
    const write = (secrets: readonly [string, string], changed: Partial<ManifestChange>) =>
      environment.run(activities(secrets).recordManifest, change({ detailsDigest: 'mine', ...changed }));
    await write(before, { round: 1, revision: 1, ...(closed && CLOSED) });
    const read = (detailsDigest: string) =>
      environment.run(activities(after).readEarlierRound, { clientUserId: 'POL-1', detailsDigest });
    return { reportStore, write, read };
  }

  test('are told from others after the client secret was rotated', async () => {
    const { read } = await setup(['before', K1], ['after', K1]);
    expect(await read('mine')).toMatchObject({ outcome: 'collected', ofOthers: false });
    expect(await read('of others')).toMatchObject({ outcome: 'collected', ofOthers: true });
  });

  test('count as others where no key can tell and there is an outcome, but not where the applicant is open', async () => {
    const closed = await setup(['before', ''], ['after', '']);
    expect(await closed.read('mine')).toMatchObject({ ofOthers: true });
    const open = await setup(['before', ''], ['after', ''], false);
    expect(await open.read('mine')).toMatchObject({ outcome: null, ofOthers: false });
  });

  test('that a withdrawal by hand left out count as the same', async () => {
    const { reportStore, read } = await setup(['before', K1], ['before', K1]);
    reportStore.keep('POL-1', { ...CLOSED, outcome: 'cancelled' });
    expect(await read('mine')).toMatchObject({ outcome: 'cancelled', ofOthers: false });
  });

  test('are keyed anew at the next write, so that the old key can go', async () => {
    const { write, read } = await setup(['secret', K1], ['rotated', K2], false);
    await write(['secret', `${K2},${K1}`], { round: 1, revision: 2, ...CLOSED });
    expect(await read('mine')).toMatchObject({ outcome: 'collected', ofOthers: false });
    expect(await read('of others')).toMatchObject({ ofOthers: true });
  });
});
