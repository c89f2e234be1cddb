import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createSweepActivities, type SweepSettings } from '../../src/activities/sweep';
import { sweepFiles } from '../../src/activities/sweep-files';
import { createSweepUpstreamActivities } from '../../src/activities/sweep-upstream';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import { findingsFileName } from '../../src/report-store/sweep-findings';
import { SILENT } from '../simulation/attempts';
import { erasureRecordsOf } from '../support/erasure-records';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';

const SWEEP_ID = '20260302T000000000Z-run2';

function setup() {
  const store = new FakeStore();
  const upstream = new FakeUpstream();
  const settings: SweepSettings = { sweepId: SWEEP_ID, refreshForMs: 30 * DAY_MS, pollMs: DEFAULT_POLICY.pollMs };
  const { finishSweep, compareShard, tidySweep } = createSweepActivities({
    reportStore: store,
    sweepSource: { listApplicants: async () => ({ applicants: [], next: null }), observe: async () => null },
    runs: { findByHumanId: async () => null },
    refreshForMs: settings.refreshForMs,
    policy: DEFAULT_POLICY,
  });
  const { isThere } = createSweepUpstreamActivities({ upstream, reportStore: store });
  const environment = new MockActivityEnvironment({}, { logger: SILENT });
  return {
    store,
    upstream,
    files: sweepFiles(store.shelf, SWEEP_ID),
    erase: (clientUserId: string) => erasureRecordsOf(store).eraseFiles(clientUserId),
    isThere: (index: number) =>
      environment.run(isThere, { sweepId: SWEEP_ID, at: [0, 0, index], by: 'humanId' } as const),
    finish: (confirmed: readonly number[]) =>
      environment.run(finishSweep, {
        settings,
        people: 0,
        applicants: 0,
        parts: [1],
        unchecked: 0,
        confirmed: confirmed.map((index) => [0, 0, index] as const),
      }),
    compare: () => environment.run(compareShard, { settings, shard: 0, shards: 1, peoplePages: 1, applicantPages: 1 }),
    tidy: (sweepId: string) => environment.run(tidySweep, { sweepId }),
  };
}

const finding = (kind: 'unattended' | 'gone', clientUserId: string, humanId: string) => ({
  kind,
  clientUserId,
  humanId,
});

test('an erasure during a sweep changes the position of no other finding', async () => {
  const { files, upstream, erase, isThere, finish } = setup();
  const { humanId } = upstream.addPerson('POL-3', 'pol-3@example.org', 0);
  const rows = [
    finding('unattended', 'POL-1', 'h-1'),
    finding('gone', 'POL-2', 'h-2'),
    finding('gone', 'POL-3', humanId),
    finding('gone', 'POL-4', 'h-4'),
  ];
  await files.put('findings', rows, 0, 0);
  await erase('POL-1');
  await erase('POL-4');

  expect([await isThere(1), await isThere(2), await isThere(3)]).toEqual([false, true, false]);
  expect(await finish([1, 3])).toMatchObject({
    counts: { gone: 1, unattended: 0 },
    first: { gone: ['POL-2'] },
  });
});

test('an erasure during a sweep removes the person from its lists', async () => {
  const { store, files, erase, compare } = setup();
  await files.put('people', [{ clientUserId: 'POL-1', humanId: 'h-1' }], 0);
  await files.put('applicants', [], 0);
  await erase('POL-1');
  expect(await compare()).toBe(0);
  for (const name of await store.shelf.list('sweeps/')) {
    expect((await store.shelf.get(name))?.toString()).not.toContain('POL-1');
  }
});

test('a working file that an erasure wrote again after the end of its sweep is removed by a later one', async () => {
  const { store, tidy } = setup();
  const ended = ['20260301T000000000Z-run1', '20260302T000000000Z-run2', '20260303T000000000Z-run3'];
  for (const sweepId of ended) await store.shelf.put(findingsFileName(sweepId), Buffer.from(''));
  const running = '20260228T000000000Z-run0';
  for (const sweepId of [...ended, running]) await sweepFiles(store.shelf, sweepId).put('people', [], 0);
  await tidy('20260303T000000000Z-run3');
  expect((await store.shelf.list('sweeps/')).filter((name) => name.includes('people'))).toEqual([
    'sweeps/20260228T000000000Z-run0/people-000000.jsonl',
    'sweeps/20260302T000000000Z-run2/people-000000.jsonl',
  ]);
});

test('a damaged working file ends the sweep', async () => {
  const { store, isThere, finish } = setup();
  await store.shelf.put(
    `sweeps/${SWEEP_ID}/findings-000000-000000.jsonl`,
    Buffer.from('{"kind":"gone","humanId":"h-1'),
  );
  for (const call of [() => isThere(0), () => finish([])]) {
    const error = await call().catch((rejection: unknown) => rejection);
    expect(error).toBeInstanceOf(ApplicationFailure);
    expect(error).toMatchObject({
      nonRetryable: true,
      type: 'SweepDamaged',
      message: 'a file of the sweep is damaged: run the sweep again',
    });
  }
});
