import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import type { TimelineEntry } from '../../src/domain/timeline';
import { useSimulation } from '../simulation/follow';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES, BY_NOTICES_OF_020 } from '../support/policies';

const { follow, followOn } = useSimulation();

/** Kind, source and data, without the times. */
function outline(entries: readonly TimelineEntry[]) {
  return entries.map(({ kind, source, data, count }) =>
    [kind, source, ...Object.values(data ?? {}), ...(count ? [`x${count}`] : [])].join(' '),
  );
}

const STORY: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Syncing' },
  { afterMs: 2 * HOUR_MS, status: 'Maxine Mustermann' },
  { afterMs: 3 * HOUR_MS, status: 'Starfleet Medical' },
  { afterMs: 4 * HOUR_MS, status: 'All Synced', reports: provider('A') },
];

test('the manifest has the story of an applicant, without the text of an unknown status', async () => {
  const applicant = await follow(STORY, { policy: BY_NOTICES });
  await applicant.sendNotices(STORY);
  await applicant.waitForEnd(HOUR_MS);
  const { entries } = applicant.manifest.timeline;
  expect(outline(entries)).toEqual([
    'started start',
    'invited start',
    'status notification syncing',
    'status notification unknown x2',
    'status notification all-synced',
    'reports-listed notification 2',
    'closed worker collected',
  ]);
  expect(entries).toEqual((await applicant.state()).timeline.entries);
  expect(JSON.stringify([entries, applicant.manifest])).not.toMatch(/maxine|mustermann/i);
});

test('a write of the manifest has only the entries since the last one', async () => {
  const applicant = await follow(STORY, { policy: BY_NOTICES });
  await applicant.sendNotices(STORY);
  await applicant.waitForEnd(HOUR_MS);
  const written = applicant.store.changes.map((change) => ('timeline' in change ? (change.timeline?.length ?? 0) : 0));
  expect(written).toEqual([6, 1]);
});

test('polls and a deadline cause entries too', async () => {
  const applicant = await follow([{ afterMs: DAY_MS, status: 'Engaged' }]);
  await applicant.waitForEnd();
  expect(outline(applicant.manifest.timeline.entries)).toEqual([
    'started start',
    'invited start',
    'status poll engaged',
    'quiet worker',
    'deadline-reached deadline applicant',
    'withdrawn worker',
    'closed deadline expired deadline',
  ]);
});

test('an adopted person shows with their status', async () => {
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'Syncing' }]);
  upstream.addPerson('POL-known', 'POL-known@example.org', 0);
  const applicant = await followOn(upstream, { clientUserId: 'POL-known', policy: BY_NOTICES });
  await applicant.skip(SECOND_MS);
  expect(outline((await applicant.state()).timeline.entries)).toEqual(['started start', 'adopted start syncing']);
});

test.each([false, true])(
  'a run of 0.2.0 whose worker wrote no timeline writes all of it later, also if it continues as new first: %s',
  async (continues) => {
    const script: readonly Change[] = [
      { afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') },
      { afterMs: 3 * HOUR_MS, status: 'All Synced' },
    ];
    const store = new FakeStore();
    const { updateManifest } = store;
    store.updateManifest = (change, ...rest) => {
      const isOf020 = store.written.length === 0 && 'timeline' in change;
      return updateManifest(isOf020 ? { ...change, timeline: [] } : change, ...rest);
    };
    const applicant = await follow(script, { store, input: { policy: BY_NOTICES_OF_020 } });
    await applicant.sendNotices(script.slice(0, 1));
    await applicant.skipUntil(({ collection }) => collection.documents.length === 3);
    await applicant.skip(MINUTE_MS);
    expect(applicant.manifest.timeline.entries).toEqual([]);
    if (continues) await applicant.continueAsNew();
    await applicant.sendNotices(script.slice(1));
    await applicant.waitForEnd(HOUR_MS);
    expect(applicant.manifest.timeline).toEqual((await applicant.state()).timeline);
    expect(applicant.manifest.timeline.entries[0]?.kind).toBe('started');
  },
);
