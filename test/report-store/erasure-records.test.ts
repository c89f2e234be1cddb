import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { openErasableEvents } from '../../src/events/erased-events';
import { openEventLogs } from '../../src/events/event-logs';
import { openErasureRecords } from '../../src/report-store/erasure-records';
import { StoreUnavailable, UnreadableManifest, WrongFolder } from '../../src/report-store/errors';
import { cipherOf } from '../support/keys';
import { useStore } from './fixtures';

const setup = useStore();
const NO_EVENTS = { trace: async () => null, remove: async () => {} };

test("erases the person's lines from the lists of sweeps, and no others", async () => {
  const { store } = await setup();
  const row = (clientUserId: string, humanId: string) => JSON.stringify({ kind: 'unattended', clientUserId, humanId });
  const others = [row('POL-10', 'h-10'), '{"kind":"gone"}', 'damaged', row('POL-2', 'h-2')];
  const [one, untouched] = ['sweeps/a.jsonl', 'sweeps/b.jsonl'];
  const rows = [others[0], row('POL-1', 'h-1'), ...others.slice(1), row('POL-0', 'h-9')];
  await store.shelf.put(one, Buffer.from(`${rows.join('\n')}\n`));
  await store.shelf.put(untouched, Buffer.from(`${others.join('\n')}\n`));

  const records = openErasureRecords(store, NO_EVENTS);
  await records.begin('POL-1', { humanIds: ['h-9'] });
  await records.eraseFiles('POL-1');

  for (const name of [one, untouched]) {
    expect((await store.shelf.get(name))?.toString()).toBe(`${others.join('\n')}\n`);
  }
});

test('removes the events of an applicant, and remembers their endpoints and their end', async () => {
  const { store } = await setup();
  const cipher = cipherOf(`a:${Buffer.alloc(32, 1).toString('base64')}`);
  const logs = openEventLogs(store.shelf, { cipher, encrypts: true });
  const draft = { type: 'applicant.closed', atMs: 1, round: 2, data: {} } as const;
  const [subject, other] = ['POL-1', 'POL-2'].map((id) => ({ kind: 'applicant', id }) as const);
  for (const one of [subject, other])
    if (one) await logs.append(one, { writer: 'w', from: 0, drafts: [draft, draft], endpoints: ['a1b2c3d4e5f6'] });
  // Also without the key, an erasure removes them.
  const records = openErasureRecords(store, openErasableEvents(store.shelf, { cipher, encrypts: true }));
  const trace = { endpoints: ['a1b2c3d4e5f6'], lastSequence: 2, lastRound: 2 };
  expect((await records.begin('POL-1')).events).toEqual(trace);
  await openErasureRecords(store, openErasableEvents(store.shelf, NO_ENCRYPTION)).eraseFiles('POL-1');
  expect(await store.shelf.list('events/')).toEqual(['events/applicant/POL-2.json']);
  expect((await records.begin('POL-1')).events).toEqual(trace);
});

test.each([new UnreadableManifest('damaged'), new WrongFolder("another's")])(
  'an unreadable manifest does not stop an erasure: %s',
  async (error) => {
    const { store } = await setup();
    const records = openErasureRecords({ ...store, readManifest: () => Promise.reject(error) }, NO_EVENTS);
    expect(await records.begin('POL-1')).toMatchObject({ humanIds: [] });
  },
);

test('a store that cannot be read stops an erasure, because its manifest may name the person to withdraw', async () => {
  const failure = new StoreUnavailable('EIO', 'read');
  const { store } = await setup();
  const records = openErasureRecords({ ...store, readManifest: () => Promise.reject(failure) }, NO_EVENTS);
  await expect(records.begin('POL-1')).rejects.toThrow(failure);
  expect(await store.shelf.list('erasures/')).toEqual([]);
});
