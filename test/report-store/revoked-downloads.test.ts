import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import type { DocumentToStore } from '../../src/report-store/port';
import { change, documentToStore, pdf, pieces } from './fixtures';

const roots: string[] = [];
const CLOSED = change({ outcome: 'cancelled', reason: 'operator', closedAt: '2026-03-05T10:00:00.000Z' });

async function setup() {
  const root = await mkdtemp(join(tmpdir(), 'chartway-revoked-'));
  roots.push(root);
  const store = createFolderStore(root);
  await store.init();
  return {
    root,
    store,
    /** Starts a download without the last half of its bytes, or all of them, until the returned function is called. */
    async startDownload(heldBack: 'all' | 'half', document: DocumentToStore = documentToStore(), text = 'late') {
      const release = gate();
      const started = gate();
      const bytes = Buffer.from(pdf(text));
      const sent = heldBack === 'all' ? 0 : 10;
      const body = async function* () {
        if (sent > 0) yield bytes.subarray(0, sent);
        started.open();
        await release.opened;
        yield bytes.subarray(sent);
      };
      const saved = store.save(document, body()).then(
        () => 'stored',
        ({ name }: Error) => name,
      );
      await started.opened;
      return () => {
        release.open();
        return saved;
      };
    },
    files: async () => {
      const all = await readdir(root, { recursive: true, withFileTypes: true });
      return all
        .flatMap((each) => (each.isFile() ? [join(each.parentPath, each.name).slice(root.length + 1)] : []))
        .filter((name) => name !== '.chartway/store.json')
        .sort();
    },
  };
}

afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true });
});

describe.each(['all', 'half'] as const)(
  'a download that outlived its activity, with %s of its bytes to come',
  (heldBack) => {
    it('adds nothing after the closing', async () => {
      const { store, startDownload, files } = await setup();
      const end = await startDownload(heldBack);
      await store.updateManifest(CLOSED);
      expect(await end()).toBe('StoreUnavailable');
      expect(await files()).toEqual(['POL-1/manifest.json']);
    });

    it('adds nothing after a withdrawal by an operator', async () => {
      const { store, startDownload, files } = await setup();
      const end = await startDownload(heldBack);
      const { clientUserId, humanId, wanted } = CLOSED;
      await store.updateManifest({
        kind: 'withdrawal',
        clientUserId,
        humanId,
        wanted,
        closedAt: '2026-03-05T10:00:00.000Z',
      });
      expect(await end()).toBe('StoreUnavailable');
      expect(await files()).toEqual(['POL-1/manifest.json']);
    });

    it('adds nothing after an erasure, not even a folder or a draft', async () => {
      const { root, store, startDownload } = await setup();
      await store.save(documentToStore({ format: 'json', contentType: 'application/json' }), pieces('{"a":1}'));
      const end = await startDownload(heldBack);
      await store.erase('POL-1');
      expect(await readdir(join(root, '.incoming'))).toEqual([]);
      expect(await end()).toBe('StoreUnavailable');
      expect((await readdir(root)).sort()).toEqual(['.chartway', '.incoming']);
    });

    it('adds nothing after an erasure as the first document', async () => {
      const { root, store, startDownload } = await setup();
      const end = await startDownload(heldBack);
      expect(await store.erase('POL-1')).toBe(0);
      expect(await end()).toBe('StoreUnavailable');
      expect((await readdir(root)).sort()).toEqual(['.chartway', '.incoming']);
    });

    it('does not replace bytes that the closing manifest lists', async () => {
      const { root, store, startDownload } = await setup();
      const entry = await store.save(documentToStore(), pieces(pdf('first')));
      const end = await startDownload(heldBack);
      await store.updateManifest({ ...CLOSED, documents: [entry] });
      expect(await end()).toBe('StoreUnavailable');
      expect(await readFile(join(root, 'POL-1', entry.file), 'utf8')).toBe(pdf('first'));
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

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}
