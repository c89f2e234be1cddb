import { MockActivityEnvironment } from '@temporalio/testing';
import { createManifestActivities } from '../../src/activities/manifests';
import type { ReportStore } from '../../src/report-store/port';
import { change } from '../report-store/fixtures';
import { FakeStore } from '../support/fake-store';

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
    const { recordManifest } = createManifestActivities({ reportStore, digestSecret: 'secret' });
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs });
    expect(await environment.run(recordManifest, change({ round: 1, revision: 4 }))).toEqual({
      revision: 4,
      outcome: null,
    });
    expect(waits).toEqual([startToCloseTimeoutMs * 0.8]);
  },
);
