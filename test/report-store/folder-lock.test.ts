import fs, { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { rewriteUnderLock } from '../../src/report-store/folder/lock';
import { SeededRandom } from '../chaos/seeded-random';
import { useFolders } from '../support/folders';

const newFolder = useFolders();

async function setup() {
  const root = await newFolder();
  const draftFolder = join(root, '.incoming');
  await mkdir(draftFolder);
  const path = join(root, 'count');
  const lock = join(root, '.count.lock');
  await writeFile(path, '0');
  const count = async () => Number(await readFile(path, 'utf8'));
  return {
    file: { path, draftFolder },
    lock,
    count,
    increment: () => rewriteUnderLock({ path, draftFolder }, async () => String((await count()) + 1)),
    /** Makes the lock older by this time. */
    age: async (ms: number) => {
      const then = new Date(Date.now() - ms);
      await utimes(lock, then, then);
    },
    leftOverFiles: async () =>
      (await readdir(root)).concat(await readdir(draftFolder)).filter((name) => !['count', '.incoming'].includes(name)),
    hold: () => writeFile(lock, 'of-a-dead-process'),
    /** As a process does that saw a stale lock and removes the one that another has taken since. */
    steal: () => rm(lock),
  };
}

/** Calls `action` once, just before the first call of a file system function that matches. */
function justBefore(
  name: 'rename' | 'writeFile',
  matches: (...args: unknown[]) => boolean,
  action: () => Promise<unknown>,
) {
  const real = fs[name] as (...args: unknown[]) => Promise<void>;
  let isDone = false;
  jest.spyOn(fs, name).mockImplementation(async (...args: unknown[]) => {
    if (!isDone && matches(...args)) {
      isDone = true;
      await action();
    }
    return real(...args);
  });
}

afterEach(() => jest.restoreAllMocks());
describe('the lock', () => {
  it('makes writers take turns, and leaves no files', async () => {
    const { file, count, leftOverFiles } = await setup();
    let calls = 0;
    const increment = async () => {
      calls += 1;
      return String((await count()) + 1);
    };
    await Promise.all(Array.from({ length: 30 }, () => rewriteUnderLock(file, increment)));
    expect(await count()).toBe(30);
    expect(calls).toBe(30);
    expect(await leftOverFiles()).toEqual([]);
  });

  it('makes and removes no folders, so a process can list the store at any time', async () => {
    const { file, increment } = await setup();
    const root = join(file.draftFolder, '..');
    let running = true;
    const writers = Promise.all(Array.from({ length: 30 }, increment)).finally(() => {
      running = false;
    });
    let entries = 0;
    while (running) {
      const walked = await readdir(root, { recursive: true, withFileTypes: true });
      expect(walked.filter((each) => !each.isFile()).map(({ name }) => name)).toEqual(['.incoming']);
      entries = Math.max(entries, walked.length);
    }
    await writers;
    // Locks and drafts were there.
    expect(entries).toBeGreaterThan(3);
  });

  it('of a dead holder is taken by one of many writers', async () => {
    const { count, increment, hold, age, leftOverFiles } = await setup();
    await hold();
    await age(11_000);
    await Promise.all(Array.from({ length: 20 }, increment));
    expect(await count()).toBe(20);
    expect(await leftOverFiles()).toEqual([]);
  });

  it('of a dead holder is taken although the clock was set back', async () => {
    const { count, increment, hold, age } = await setup();
    await hold();
    await age(-3_600_000);
    await increment();
    expect(await count()).toBe(1);
  });

  it.each([
    ['of a slow holder is taken while it reads', 'reading', 'age'],
    ['is removed while its holder reads', 'reading', 'steal'],
    ['of a slow holder is taken just before the rename', 'rename', 'age'],
  ] as const)('%s: the holder starts again and no update is lost', async (_, moment, loss) => {
    const { file, count, increment, age, steal, leftOverFiles } = await setup();
    const loseLock = async () => {
      await (loss === 'age' ? age(11_000) : steal());
      await increment();
      await increment();
    };
    if (moment === 'rename') justBefore('rename', (_from, to) => to === file.path, loseLock);
    let calls = 0;
    await rewriteUnderLock(file, async () => {
      calls += 1;
      const before = await count();
      if (calls === 1 && moment === 'reading') await loseLock();
      return String(before + 1);
    });
    expect(calls).toBe(2);
    expect(await count()).toBe(3);
    expect(await leftOverFiles()).toEqual([]);
  });

  it('can be taken from a process that stopped right after it got the lock: one of both starts again', async () => {
    const { file, count, increment, steal, leftOverFiles } = await setup();
    const other = { resume: (): void => undefined, ended: Promise.resolve() };
    let calls = 0;
    const stealAndRead = () =>
      new Promise<void>((hasRead) => {
        const mayCommit = new Promise<void>((resume) => {
          other.resume = resume;
        });
        other.ended = steal().then(() =>
          rewriteUnderLock(file, async () => {
            calls += 1;
            const before = await count();
            hasRead();
            await mayCommit;
            return String(before + 1);
          }),
        );
      });
    const isDraft = (path: unknown, text: unknown) => text === '' && String(path).startsWith(file.draftFolder);
    justBefore('writeFile', isDraft, stealAndRead);
    await increment();
    other.resume();
    await other.ended;
    expect(calls).toBe(2);
    expect(await count()).toBe(2);
    expect(await leftOverFiles()).toEqual([]);
  });

  it('of another writer is not removed by the former holder', async () => {
    const { file, lock, hold, steal } = await setup();
    await rewriteUnderLock(file, async () => {
      await steal();
      await hold();
      return null;
    });
    expect(await readFile(lock, 'utf8')).toBe('of-a-dead-process');
  });

  it('can be removed at any time, with writers stopped anywhere: every rewrite happens exactly once', async () => {
    const { file, lock, count, leftOverFiles } = await setup();
    const random = new SeededRandom(20_261_130);
    const stopAnywhere = async () => {
      for (let turns = random.below(12); turns > 0; turns -= 1) await setImmediate();
      if (random.happens(0.1)) await remove(lock, { force: true });
    };
    const remove = fs.rm;
    for (const name of ['open', 'readdir', 'readFile', 'rename', 'rm', 'stat', 'unlink', 'writeFile'] as const) {
      const real = fs[name] as (...args: unknown[]) => Promise<unknown>;
      (jest.spyOn(fs, name) as jest.SpyInstance).mockImplementation(async (...args: unknown[]) => {
        await stopAnywhere();
        return real(...args);
      });
    }
    let calls = 0;
    const increment = () =>
      rewriteUnderLock(file, async () => {
        calls += 1;
        return String((await count()) + 1);
      });
    let rewrites = 0;
    // Until a writer has started again: without that the test proves nothing.
    for (; rewrites < 80 || calls === rewrites; rewrites += 8) {
      if (rewrites > 800) throw new Error('expected a writer to start again within 800 rewrites');
      await Promise.all(Array.from({ length: 8 }, increment));
    }
    jest.restoreAllMocks();
    expect(await count()).toBe(rewrites);
    expect((await leftOverFiles()).filter((name) => name !== '.count.lock')).toEqual([]);
  });

  it('of a live holder is not taken: waiting ends with an error', async () => {
    const { file, lock, hold, count } = await setup();
    await hold();
    const waiting = rewriteUnderLock({ ...file, waitAtMostMs: 50 }, async () => 'never');
    await expect(waiting).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: expect.stringMatching(/^count of .*: other processes held its lock for 0.05 s. Try again/),
    });
    expect(await readFile(lock, 'utf8')).toBe('of-a-dead-process');
    expect(await count()).toBe(0);
    expect(await readdir(file.draftFolder)).toEqual([]);
  });

  it('is released after a rewrite that failed or returned null', async () => {
    const { file, count, increment, leftOverFiles } = await setup();
    await expect(rewriteUnderLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await rewriteUnderLock(file, async () => null);
    expect(await leftOverFiles()).toEqual([]);
    await increment();
    expect(await count()).toBe(1);
  });
});
