import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DocumentToStore } from '../../src/report-store/port';
import { deferred } from '../support/deferred';
import { change, documentToStore, pdf, useStore } from './fixtures';

const newStore = useStore();
const closedAt = '2026-03-05T10:00:00.000Z';
const CLOSED = change({ outcome: 'cancelled', reason: 'operator', closedAt });
const { clientUserId, humanId, wanted } = CLOSED;
const WITHDRAWN = { kind: 'withdrawal', clientUserId, humanId, wanted, closedAt } as const;

async function setup() {
  const opened = await newStore();
  const { store } = opened;
  return {
    ...opened,
    /** Starts a download without the last half of its bytes, or all of them, until the returned function is called. */
    async startDownload(heldBack: 'all' | 'half', document: DocumentToStore = documentToStore(), text = 'late') {
      const release = deferred();
      const started = deferred();
      const bytes = Buffer.from(pdf(text));
      const sent = heldBack === 'all' ? 0 : 10;
      const body = async function* () {
        if (sent > 0) yield bytes.subarray(0, sent);
        started.resolve();
        await release.promise;
        yield bytes.subarray(sent);
      };
      const saved = store.save(document, body()).then(
        () => 'stored',
        ({ name }: Error) => name,
      );
      await started.promise;
      return () => {
        release.resolve();
        return saved;
      };
    },
  };
}

describe.each(['all', 'half'] as const)(
  'a download that outlived its activity, with %s of its bytes to come',
  (heldBack) => {
    it.each([
      ['the closing', CLOSED],
      ['a withdrawal by an operator', WITHDRAWN],
    ])('adds nothing after %s', async (_, change) => {
      const { store, startDownload, files } = await setup();
      const end = await startDownload(heldBack);
      await store.updateManifest(change);
      expect(await end()).toBe('StoreUnavailable');
      expect(await files()).toEqual(['POL-1/manifest.json']);
    });

    it.each([0, 1])(
      'adds nothing after an erasure of %i documents, not even a folder or a draft',
      async (documents) => {
        const { root, store, save, startDownload } = await setup();
        if (documents > 0) await save({ format: 'json', contentType: 'application/json' }, '{"a":1}');
        const end = await startDownload(heldBack);
        expect(await store.erase('POL-1')).toBe(documents);
        expect(await readdir(join(root, '.incoming'))).toEqual([]);
        expect(await end()).toBe('StoreUnavailable');
        expect((await readdir(root)).sort()).toEqual(['.chartway', '.incoming']);
      },
    );

    it('does not replace bytes that the closing manifest lists', async () => {
      const { store, save, read, startDownload } = await setup();
      const entry = await save({}, pdf('first'));
      const end = await startDownload(heldBack);
      await store.updateManifest({ ...CLOSED, documents: [entry] });
      expect(await end()).toBe('StoreUnavailable');
      expect(await read(entry.file)).toBe(pdf('first'));
      expect((await store.readManifest('POL-1'))?.documents).toEqual([entry]);
    });
  },
);

it('is stored while the applicant is open, and whatever happens to other applicants', async () => {
  const { store, startDownload } = await setup();
  const open = await startDownload('half');
  const other = await startDownload('half', documentToStore({ clientUserId: 'POL-2' }));
  await store.updateManifest(change());
  expect(await open()).toBe('stored');
  await store.updateManifest(CLOSED);
  await store.erase('POL-1');
  expect(await other()).toBe('stored');
});
