import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder-store';
import { type Child, startChild, stopChildren } from './children/child';
import { change, documentToStore, pdf, pieces } from './fixtures';

const roots: string[] = [];

async function setup() {
  const root = await mkdtemp(join(tmpdir(), 'chartway-processes-'));
  roots.push(root);
  const lock = join(root, 'POL-1', '.manifest.json.lock');
  return {
    root,
    store: createFolderStore(root),
    /** As if the process that held the lock had died a minute ago. */
    ageLock: async () => {
      const then = new Date(Date.now() - 60_000);
      for (const name of await readdir(lock)) await utimes(join(lock, name), then, then);
    },
    files: async () =>
      (await readdir(join(root, 'POL-1'), { recursive: true, withFileTypes: true }).catch(() => []))
        .filter((each) => each.isFile())
        .map((each) => each.name),
  };
}

async function write(root: string, writers: number, times: number): Promise<Child[]> {
  const children = Array.from({ length: writers }, (_, writer) =>
    startChild('writes-manifest', root, `${writer}`, `${times}`),
  );
  await Promise.all(children.map((child) => child.said()));
  for (const child of children) child.say('go');
  return children;
}

function expectedReports(writers: number, times: number): string[] {
  return Array.from(
    { length: writers * times },
    (_, at) => `writer-${at % writers}-${Math.floor(at / writers)}`,
  ).sort();
}

afterAll(async () => {
  stopChildren();
  for (const root of roots) await rm(root, { recursive: true });
});

describe('a process that is killed', () => {
  it('between the last byte of a document and its final name leaves nothing half, and stands in nobody\u2019s way', async () => {
    const { root, store, files } = await setup();
    const child = startChild('dies-before-rename', root, 'document');
    expect(await child.said()).toBe('about to rename');
    await child.kill();
    expect(await files()).toEqual([]);
    expect(await readdir(join(root, '.incoming'))).toHaveLength(1);
    const entry = await store.save(documentToStore(), pieces(pdf('new')));
    expect(await readFile(join(root, 'POL-1', entry.file), 'utf8')).toBe(pdf('new'));
  });

  it('with the next manifest written leaves the old one, and its lock for the next writer', async () => {
    const { root, store, ageLock, files } = await setup();
    const before = await store.updateManifest(change());
    const child = startChild('dies-before-rename', root, 'manifest');
    expect(await child.said()).toBe('about to rename');
    await child.kill();
    expect(await store.readManifest('POL-1')).toEqual(before);
    await ageLock();
    const after = await store.updateManifest(change({ outcome: 'collected' }));
    expect(await store.readManifest('POL-1')).toEqual(after);
    expect(await files()).toEqual(['manifest.json']);
  });
});

describe('writers of one manifest', () => {
  it.each([
    [2, 25],
    [10, 8],
  ])(
    'lose nothing: %i processes, %i documents each, and a reader sees whole manifests only',
    async (writers, times) => {
      const { root, store } = await setup();
      const children = await write(root, writers, times);
      let running = true;
      const ended = Promise.all(children.map((child) => child.ended())).finally(() => {
        running = false;
      });
      let seen = 0;
      let reads = 0;
      while (running) {
        const documents = (await store.readManifest('POL-1'))?.documents.length ?? 0;
        expect(documents).toBeGreaterThanOrEqual(seen);
        seen = documents;
        reads += 1;
      }
      expect(await ended).toEqual(children.map(() => 0));
      expect(reads).toBeGreaterThan(10);
      const reports = (await store.readManifest('POL-1'))?.documents.map(({ reportId }) => reportId).sort();
      expect(reports).toEqual(expectedReports(writers, times));
      expect(await readdir(join(root, '.incoming'))).toEqual([]);
    },
  );

  it('lose nothing where all find the lock of a dead process', async () => {
    const { root, store, ageLock } = await setup();
    const dead = startChild('dies-before-rename', root, 'manifest');
    await dead.said();
    await dead.kill();
    await ageLock();
    const children = await write(root, 6, 3);
    await Promise.all(children.map((child) => child.ended()));
    const reports = (await store.readManifest('POL-1'))?.documents.map(({ reportId }) => reportId).sort();
    expect(reports).toEqual(expectedReports(6, 3));
  });
});
