import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { SeededRandom } from '../chaos/seeded-random';
import { type Child, startChild, stopChildren } from './children/child';
import { change, pdf, useStore } from './fixtures';

afterAll(stopChildren);
const newStore = useStore();

async function setup() {
  const { root, store, save, read } = await newStore();
  const lock = join(root, 'POL-1', '.manifest.json.lock');
  return {
    root,
    store,
    save,
    read,
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

describe('a process that is killed', () => {
  it('between the last byte of a document and its final name leaves no partial document, and blocks no writer', async () => {
    const { root, save, read, files } = await setup();
    const child = startChild('dies-before-rename', root, 'document');
    expect(await child.nextMessage()).toBe('about to rename');
    await child.kill();
    expect(await files()).toEqual([]);
    expect(await readdir(join(root, '.incoming'))).toHaveLength(1);
    expect(await read((await save({}, pdf('new'))).file)).toBe(pdf('new'));
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
  it('lose no document: 6 processes, 6 documents each; a reader sees only whole manifests', async () => {
    const [writers, times] = [6, 6];
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
    const random = new SeededRandom(20_261_130);
    let expiries = 0;
    while (running || victims.length > 0) {
      const stopped = others.filter(() => random.happens(0.3));
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
