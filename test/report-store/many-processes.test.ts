import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import { type Child, startChild, stopChildren } from './children/child';
import { change, documentToStore, pdf, pieces } from './fixtures';

// Ten processes take 10 s to start and to write on two busy cores.
jest.setTimeout(90_000);

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
    /** As if the process that held the lock had died a minute ago. */
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

/** Each writes at least `times` documents, and goes on until the next message. */
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
      const { root, store, reports, files } = await setup();
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
        if (reads === 11) for (const child of children) child.say('enough');
      }
      expect(await ended).toEqual(children.map(() => 0));
      expect(reads).toBeGreaterThan(10);
      const safe = children.flatMap(({ heard }) => heard.slice(1));
      expect(safe).toEqual(expect.arrayContaining(expectedReports(writers, times)));
      expect(await reports()).toEqual(safe.sort());
      expect(await files()).toEqual(['manifest.json']);
      expect(await readdir(join(root, '.incoming'))).toEqual([]);
    },
  );

  it('lose nothing where all find the lock of a dead process', async () => {
    const { root, reports, ageLock } = await setup();
    const dead = startChild('dies-before-rename', root, 'manifest');
    await dead.said();
    await dead.kill();
    await ageLock();
    const children = await write(root, 6, 3);
    for (const child of children) child.say('enough');
    await Promise.all(children.map((child) => child.ended()));
    expect(await reports()).toEqual(expectedReports(6, 3));
  });

  it('lose nothing where some are stopped and robbed of the lock, or killed, wherever they are', async () => {
    const [writers, times] = [10, 12];
    const { root, store, reports, ageLock, files } = await setup();
    const children = await write(root, writers, times);
    const [mortals, others] = [children.slice(0, 3), children.slice(3)];
    let running = true;
    const ended = Promise.all(others.map((child) => child.ended())).finally(() => {
      running = false;
    });
    const written = () => children.reduce((sum, { heard }) => sum + heard.length, 0);
    let robberies = 0;
    while (running || mortals.length > 0) {
      const stopped = others.filter(() => Math.random() < 0.3);
      for (const child of stopped) child.stop();
      // Whoever holds the lock, stopped or not, may be robbed of it now. The others go on meanwhile, as far as they get.
      await ageLock().then(
        () => {
          robberies += 1;
          if (robberies === 4) for (const child of others) child.say('enough');
        },
        () => undefined,
      );
      const before = written();
      for (let reads = 0; running && reads < 20 && written() < before + 2; reads += 1) {
        await store.readManifest('POL-1');
      }
      for (const child of stopped) child.goOn();
      const [next] = mortals;
      if (next && next.heard.length > 6 - mortals.length) await mortals.shift()?.kill();
    }
    expect(await ended).toEqual(others.map(() => 0));
    expect(mortals).toEqual([]);
    const safe = children.flatMap(({ heard }) => heard.slice(1));
    expect(safe).toHaveLength(new Set(safe).size);
    expect(safe.length).toBeGreaterThanOrEqual(others.length * times);
    expect(await reports()).toEqual(expect.arrayContaining(safe));
    expect(robberies).toBeGreaterThan(3);
    await ageLock().catch(() => undefined);
    await store.updateManifest(change());
    expect(await files()).toEqual(['manifest.json']);
  });
});
