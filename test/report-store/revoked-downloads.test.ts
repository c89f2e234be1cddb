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
    /** A download whose upstream keeps the last half, or all, until it is told to let go: nobody waits for it any more. */
    async underWay(heldBack: 'all' | 'half', document: DocumentToStore = documentToStore(), text = 'late') {
      const letGo = gate();
      const asked = gate();
      const bytes = Buffer.from(pdf(text));
      const sent = heldBack === 'all' ? 0 : 10;
      const body = async function* () {
        if (sent > 0) yield bytes.subarray(0, sent);
        asked.open();
        await letGo.opened;
        yield bytes.subarray(sent);
      };
      const saved = store.save(document, body()).then(
        () => 'stored',
        ({ name }: Error) => name,
      );
      await asked.opened;
      return () => {
        letGo.open();
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
  'a download that nobody waits for, with %s of its bytes to come',
  (heldBack) => {
    it('adds nothing after the closing manifest', async () => {
      const { store, underWay, files } = await setup();
      const end = await underWay(heldBack);
      await store.updateManifest(CLOSED);
      expect(await end()).toBe('StoreUnavailable');
      expect(await files()).toEqual(['POL-1/manifest.json']);
    });

    it('adds nothing after a withdrawal by hand', async () => {
      const { store, underWay, files } = await setup();
      const end = await underWay(heldBack);
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

    it('brings nothing back of who was erased, not even a folder or temporary bytes', async () => {
      const { root, store, underWay } = await setup();
      await store.save(documentToStore({ format: 'json', contentType: 'application/json' }), pieces('{"a":1}'));
      const end = await underWay(heldBack);
      await store.erase('POL-1');
      expect(await readdir(join(root, '.incoming'))).toEqual([]);
      expect(await end()).toBe('StoreUnavailable');
      expect((await readdir(root)).sort()).toEqual(['.chartway', '.incoming']);
    });

    it('brings nothing back where it would have been the first document', async () => {
      const { root, store, underWay } = await setup();
      const end = await underWay(heldBack);
      expect(await store.erase('POL-1')).toBe(0);
      expect(await end()).toBe('StoreUnavailable');
      expect((await readdir(root)).sort()).toEqual(['.chartway', '.incoming']);
    });

    it('does not replace bytes that the closing manifest tells of', async () => {
      const { root, store, underWay } = await setup();
      const entry = await store.save(documentToStore(), pieces(pdf('first')));
      const end = await underWay(heldBack);
      await store.updateManifest({ ...CLOSED, documents: [entry] });
      expect(await end()).toBe('StoreUnavailable');
      expect(await readFile(join(root, 'POL-1', entry.file), 'utf8')).toBe(pdf('first'));
      expect((await store.readManifest('POL-1'))?.documents).toEqual([entry]);
    });
  },
);

it('leaves downloads of an applicant who goes on, and of others, alone', async () => {
  const { store, underWay } = await setup();
  const open = await underWay('half');
  const other = await underWay('half', documentToStore({ clientUserId: 'POL-2' }));
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
