import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import { type Child, startChild, stopChildren } from './children/child';
import { change, documentToStore, pdf, pieces } from './fixtures';

const roots: string[] = [];

async function setup() {
  const root = await mkdtemp(join(tmpdir(), 'chartway-processes-'));
  roots.push(root);
  const lock = join(root, 'POL-1', '.manifest.json.lock');
  const store = createFolderStore(root);
  await store.init();
  return {
    root,
    store,
    /** Makes the lock look as if its process had died a minute ago. */
    ageLock: async () => {
      const then = new Date(Date.now() - 60_000);
      await utimes(lock, then, then);
    },
    reports: async () => (await store.readManifest('POL-1'))?.documents.map(({ reportId }) => reportId).sort() ?? [],
    files: async () =>
      (await readdir(join(root, 'POL-1'), { recursive: true, withFileTypes: true }).catch(() => []))
        .filter((each) => each.isFile())
        .map((each) => each.name),
  };
}

/** Starts writers. Each writes at least `times` documents, until the next message. */
async function startWriters(root: string, writers: number, times: number): Promise<Child[]> {
  const children = Array.from({ length: writers }, (_, writer) =>
    startChild('writes-manifest', root, `${writer}`, `${times}`),
  );
  await Promise.all(children.map((child) => child.nextMessage()));
  for (const child of children) child.send('go');
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
  it('between the last byte of a document and its final name leaves no partial document, and blocks no writer', async () => {
    const { root, store, files } = await setup();
    const child = startChild('dies-before-rename', root, 'document');
    expect(await child.nextMessage()).toBe('about to rename');
    await child.kill();
    expect(await files()).toEqual([]);
    expect(await readdir(join(root, '.incoming'))).toHaveLength(1);
    const entry = await store.save(documentToStore(), pieces(pdf('new')));
    expect(await readFile(join(root, 'POL-1', entry.file), 'utf8')).toBe(pdf('new'));
  });

  it('before the rename of the next manifest leaves the old one, and a lock that the next writer takes', async () => {
    const { root, store, ageLock, files } = await setup();
    const before = await store.updateManifest(change());
    const child = startChild('dies-before-rename', root, 'manifest');
    expect(await child.nextMessage()).toBe('about to rename');
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
    [2, 12],
    [6, 6],
  ])(
    'lose no document: %i processes, %i documents each; a reader sees only whole manifests',
    async (writers, times) => {
      const { root, store, reports, files } = await setup();
      const children = await startWriters(root, writers, times);
      let running = true;
      const ended = Promise.all(children.map((child) => child.ended())).finally(() => {
        running = false;
      });
      let previous = 0;
      let reads = 0;
      while (running) {
        const documents = (await store.readManifest('POL-1'))?.documents.length ?? 0;
        expect(documents).toBeGreaterThanOrEqual(previous);
        previous = documents;
        reads += 1;
        if (reads === 11) for (const child of children) child.send('enough');
      }
      expect(await ended).toEqual(children.map(() => 0));
      expect(reads).toBeGreaterThan(10);
      const stored = children.flatMap(({ messages }) => messages.slice(1));
      expect(stored).toEqual(expect.arrayContaining(expectedReports(writers, times)));
      expect(await reports()).toEqual(stored.sort());
      expect(await files()).toEqual(['manifest.json']);
      expect(await readdir(join(root, '.incoming'))).toEqual([]);
    },
  );

  it('lose no document if all find the lock of a dead process', async () => {
    const { root, reports, ageLock } = await setup();
    const dead = startChild('dies-before-rename', root, 'manifest');
    await dead.nextMessage();
    await dead.kill();
    await ageLock();
    const children = await startWriters(root, 4, 3);
    for (const child of children) child.send('enough');
    await Promise.all(children.map((child) => child.ended()));
    expect(await reports()).toEqual(expectedReports(4, 3));
  });

  it('lose no document if some are stopped and lose the lock, or are killed, at any point', async () => {
    const [writers, times] = [6, 6];
    const { root, store, reports, ageLock, files } = await setup();
    const children = await startWriters(root, writers, times);
    const [victims, others] = [children.slice(0, 2), children.slice(2)];
    let running = true;
    const ended = Promise.all(others.map((child) => child.ended())).finally(() => {
      running = false;
    });
    const written = () => children.reduce((sum, { messages }) => sum + messages.length, 0);
    let expiries = 0;
    while (running || victims.length > 0) {
      const stopped = others.filter(() => Math.random() < 0.3);
      for (const child of stopped) child.stop();
      // The next writer takes the lock from its holder, stopped or not, while the others continue.
      await ageLock().then(
        () => {
          expiries += 1;
          if (expiries === 4) for (const child of others) child.send('enough');
        },
        () => undefined,
      );
      const before = written();
      for (let reads = 0; running && reads < 20 && written() < before + 2; reads += 1) {
        await store.readManifest('POL-1');
      }
      for (const child of stopped) child.resume();
      const [next] = victims;
      if (next && next.messages.length > 4 - victims.length) await victims.shift()?.kill();
    }
    expect(await ended).toEqual(others.map(() => 0));
    expect(victims).toEqual([]);
    const stored = children.flatMap(({ messages }) => messages.slice(1));
    expect(stored).toHaveLength(new Set(stored).size);
    expect(stored.length).toBeGreaterThanOrEqual(others.length * times);
    expect(await reports()).toEqual(expect.arrayContaining(stored));
    expect(expiries).toBeGreaterThan(3);
    await ageLock().catch(() => undefined);
    await store.updateManifest(change());
    expect(await files()).toEqual(['manifest.json']);
  });
});
