import fs, { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import { change, entry } from './fixtures';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chartway-late-'));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await rm(root, { recursive: true });
});

/** Lets something happen just before the next manifest gets its name, after its writer has held the lock for 12 s. */
function holdNextWriter(meanwhile: () => Promise<unknown>): void {
  const { rename } = fs;
  let isHeld = false;
  jest.spyOn(fs, 'rename').mockImplementation(async (from, to) => {
    if (!isHeld && String(to).endsWith('manifest.json')) {
      isHeld = true;
      const then = new Date(Date.now() - 12_000);
      await utimes(join(root, 'POL-1', '.manifest.json.lock'), then, then);
      await meanwhile();
    }
    return rename(from, to);
  });
}

test("a round's write that was held for 12 s while the closing was written leaves the outcome, and its documents join", async () => {
  const store = createFolderStore(root);
  await store.init();
  const closing = change({
    ...{ round: 1, revision: 3, outcome: 'declined', reason: null, closedAt: '2026-03-02T00:00:00.000Z' },
  });
  holdNextWriter(() => store.updateManifest(closing));
  await store.updateManifest(change({ round: 1, revision: 2, documents: [entry()] }));
  expect(await store.readManifest('POL-1')).toMatchObject({
    ...{ outcome: 'declined', closedAt: '2026-03-02T00:00:00.000Z', revision: 3 },
    documents: [{ reportId: 'report-1' }],
  });
});

test('a writer gives up as soon as its caller does', async () => {
  const store = createFolderStore(root);
  await store.init();
  await store.updateManifest(change());
  let held = async () => {};
  holdNextWriter(async () => {
    // The lock is fresh: it is another writer's.
    const now = new Date();
    await utimes(join(root, 'POL-1', '.manifest.json.lock'), now, now);
    await held();
  });
  held = () => expect(store.updateManifest(change(), { waitAtMostMs: 20 })).rejects.toThrow('for 20 ms');
  await store.updateManifest(change());
});
