import { KeyMissing } from '../../src/domain/encryption';
import { TIMELINE_KINDS } from '../../src/domain/timeline';
import { hasWorker } from '../../src/temporal/task-queues';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import { describeEntry } from '../../src/use-cases/timeline-text';
import { checkNowSignal } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { storedDocument } from '../support/stored';
import { useTemporalServer } from '../support/temporal-server';
import { failingClient } from './deps';
import { setup } from './fixture';

const server = useTemporalServer();

test('an open applicant shows the timeline of its workflow, and without a worker that of its manifest', async () => {
  const { client, start, startWorker, useCases, clientUserId, store, handle, deps } = setup(server());
  const kinds = async () => (await useCases.timeline(clientUserId)).items.map(({ kind }) => kind);
  await start();
  // No worker has run it yet, so it has neither a state nor a manifest.
  await expect(kinds()).rejects.toMatchObject({ kind: 'unavailable', what: 'worker' });
  const stop = await startWorker();
  try {
    await until('a worker', () => hasWorker(deps));
    await until('the invitation', async () => (await kinds()).length > 1);
    const { items } = await useCases.timeline(clientUserId);
    expect(items.map(({ kind, source, text, data }) => [kind, source, text, data])).toEqual([
      ['invited', 'start', 'The person was invited.', null],
      ['started', 'start', 'The applicant was started.', null],
    ]);
    const { readManifest } = store;
    store.readManifest = () => Promise.reject(new KeyMissing('k1'));
    expect(await useCases.timeline(clientUserId)).toMatchObject({
      items: [{ kind: 'invited' }, { kind: 'started' }],
      degraded: ['store-unavailable'],
    });
    store.readManifest = readManifest;
    await handle.signal(checkNowSignal);
    await until('the request', async () => (await kinds())[0] === 'check-requested');
  } finally {
    await stop();
  }
  await expect(kinds()).rejects.toMatchObject({ kind: 'unavailable', what: 'worker' });
  const entries = [{ atMs: 0, kind: 'started', source: 'start' }] as const;
  store.addManifest(clientUserId, { timeline: { entries, omitted: 0 } });
  expect(await useCases.timeline(clientUserId)).toMatchObject({
    items: [{ kind: 'started' }],
    degraded: ['no-worker'],
  });
  const withoutTemporal = createUseCases({ ...deps, client: failingClient(client) });
  expect(await withoutTemporal.timeline(clientUserId)).toMatchObject({
    items: [{ kind: 'started' }],
    degraded: ['temporal-unavailable'],
  });
  await handle.terminate();
});

test('a closed applicant shows its manifest with the stored documents, and how often an entry was repeated', async () => {
  const { useCases, clientUserId, store } = setup(server());
  await expect(useCases.timeline(clientUserId)).rejects.toMatchObject({ kind: 'not-found' });
  const [atMs, lastAtMs] = [Date.parse('2026-03-01T10:00:00.000Z'), Date.parse('2026-03-01T10:30:00.000Z')];
  store.addManifest(clientUserId, {
    outcome: 'collected',
    documents: [storedDocument({ storedAt: '2026-03-01T11:00:00.000Z', updatedAt: '2026-03-01T10:00:00.000Z' })],
    timeline: {
      omitted: 3,
      entries: [
        { atMs, kind: 'reports-listed', source: 'poll', data: { count: 2 }, count: 4, lastAtMs },
        { atMs: lastAtMs, kind: 'deadline-changed', source: 'operator', data: { atMs } },
      ],
    },
  });
  expect(await useCases.timeline(clientUserId)).toEqual({
    degraded: [],
    omitted: 3,
    items: [
      {
        at: '2026-03-01T11:00:00.000Z',
        kind: 'document-stored',
        source: 'worker',
        text: 'A document was stored: unity, pdf.',
        data: { documentId: expect.stringMatching(/^[0-9a-f]{32}$/), type: 'unity', format: 'pdf', bytes: 100 },
      },
      {
        at: '2026-03-01T10:30:00.000Z',
        kind: 'deadline-changed',
        source: 'operator',
        text: 'An operator moved the deadline to 2026-03-01T10:00:00.000Z.',
        data: { at: '2026-03-01T10:00:00.000Z' },
      },
      {
        at: '2026-03-01T10:00:00.000Z',
        kind: 'reports-listed',
        source: 'poll',
        text: 'The list of reports was read: 2 reports (4 times).',
        data: { count: 2, times: 4, lastAt: '2026-03-01T10:30:00.000Z' },
      },
    ],
  });
});

test('at most 200 items are shown with the documents: the first and the newest ones', async () => {
  const { useCases, clientUserId, store } = setup(server());
  const documents = Array.from({ length: 250 }, (_, index) =>
    storedDocument({ file: `unity/${index}.pdf`, storedAt: new Date(1_000 + index).toISOString() }),
  );
  const entries = [
    { atMs: 0, kind: 'started', source: 'start' },
    { atMs: 500, kind: 'reports-listed', source: 'poll', count: 4 },
  ] as const;
  store.addManifest(clientUserId, { outcome: 'collected', documents, timeline: { entries, omitted: 3 } });
  const { items, omitted } = await useCases.timeline(clientUserId);
  expect(items).toHaveLength(200);
  expect([items[0]?.at, items.at(-1)?.kind]).toEqual([documents[249]?.storedAt, 'started']);
  // 51 documents, and the entry that stands for 4.
  expect(omitted).toBe(3 + 51 + 4);
});

test('each kind has one sentence, and text of upstream is left out', () => {
  const data = {
    call: 'Max <b>',
    type: 'Starfleet: Medical',
    status: 'Max!',
    outcome: 'Max',
    reasonCode: 'Max',
    deadline: '!',
  };
  for (const kind of TIMELINE_KINDS) {
    const text = describeEntry({ atMs: 0, kind, source: 'worker', data });
    expect(text).toMatch(/^[A-Z][^.]*\.$/);
    expect(text).not.toMatch(/Max|Starfleet/);
  }
});
