import fs, { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { rewriteUnderLock } from '../../src/report-store/folder/lock';

const roots: string[] = [];

async function setup() {
  const root = await mkdtemp(join(tmpdir(), 'chartway-lock-'));
  roots.push(root);
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
    /** As if its holder had not been heard of for so long. */
    age: async (ms: number) => {
      const then = new Date(Date.now() - ms);
      await utimes(lock, then, then);
    },
    leftOver: async () =>
      (await readdir(root)).concat(await readdir(draftFolder)).filter((name) => !['count', '.incoming'].includes(name)),
    hold: () => writeFile(lock, 'of-a-dead-process'),
    /** What a late thief does, who saw a dead lock here and removes the one that another took meanwhile. */
    steal: () => rm(lock),
  };
}

/** Runs something once, just before the first call of a file system function that is meant. */
function justBefore(
  name: 'rename' | 'writeFile',
  meant: (...args: unknown[]) => boolean,
  happens: () => Promise<unknown>,
) {
  const real = fs[name] as (...args: unknown[]) => Promise<void>;
  let happened = false;
  jest.spyOn(fs, name).mockImplementation(async (...args: unknown[]) => {
    if (!happened && meant(...args)) {
      happened = true;
      await happens();
    }
    return real(...args);
  });
}

afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true });
});

describe('the lock', () => {
  it('lets one after the other rewrite the file, and leaves nothing behind', async () => {
    const { file, count, leftOver } = await setup();
    let calls = 0;
    const increment = async () => {
      calls += 1;
      return String((await count()) + 1);
    };
    await Promise.all(Array.from({ length: 30 }, () => rewriteUnderLock(file, increment)));
    expect(await count()).toBe(30);
    expect(calls).toBe(30);
    expect(await leftOver()).toEqual([]);
  });

  it('disturbs nobody who walks the folders: none comes or goes', async () => {
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
    // It did see locks and drafts.
    expect(entries).toBeGreaterThan(3);
  });

  it('is taken from a dead holder by exactly one of many', async () => {
    const { count, increment, hold, age, leftOver } = await setup();
    await hold();
    await age(11_000);
    await Promise.all(Array.from({ length: 20 }, increment));
    expect(await count()).toBe(20);
    expect(await leftOver()).toEqual([]);
  });

  it('is taken although the clock was set back since', async () => {
    const { count, increment, hold, age } = await setup();
    await hold();
    await age(-3_600_000);
    await increment();
    expect(await count()).toBe(1);
  });

  it('of a holder that is only slow may be taken: that one starts over and nothing is lost', async () => {
    const { file, count, increment, age, leftOver } = await setup();
    let calls = 0;
    await rewriteUnderLock(file, async () => {
      calls += 1;
      const seen = await count();
      if (calls === 1) {
        await age(11_000);
        await increment();
        await increment();
      }
      return String(seen + 1);
    });
    expect(calls).toBe(2);
    expect(await count()).toBe(3);
    expect(await leftOver()).toEqual([]);
  });

  it('removed by a late thief while its holder reads and writes: the holder starts over and nothing is lost', async () => {
    const { file, count, increment, steal, leftOver } = await setup();
    let calls = 0;
    await rewriteUnderLock(file, async () => {
      calls += 1;
      const seen = await count();
      if (calls === 1) {
        await steal();
        await increment();
      }
      return String(seen + 1);
    });
    expect(calls).toBe(2);
    expect(await count()).toBe(2);
    expect(await leftOver()).toEqual([]);
  });

  it('stolen in the very last moment before the file gets its name: the holder starts over and nothing is lost', async () => {
    const { file, count, increment, age, leftOver } = await setup();
    justBefore(
      'rename',
      (_, to) => to === file.path,
      async () => {
        await age(11_000);
        await increment();
        await increment();
      },
    );
    await increment();
    expect(await count()).toBe(3);
    expect(await leftOver()).toEqual([]);
  });

  it('stolen from a process that stopped right after taking it: of the two, one starts over and nothing is lost', async () => {
    const { file, count, increment, steal, leftOver } = await setup();
    const thief = { goOn: (): void => undefined, ended: Promise.resolve() };
    let calls = 0;
    const stealAndRead = () =>
      new Promise<void>((hasRead) => {
        const mayCommit = new Promise<void>((goOn) => {
          thief.goOn = goOn;
        });
        thief.ended = steal().then(() =>
          rewriteUnderLock(file, async () => {
            calls += 1;
            const seen = await count();
            hasRead();
            await mayCommit;
            return String(seen + 1);
          }),
        );
      });
    const isDraft = (path: unknown, text: unknown) => text === '' && String(path).startsWith(file.draftFolder);
    justBefore('writeFile', isDraft, stealAndRead);
    await increment();
    thief.goOn();
    await thief.ended;
    expect(calls).toBe(2);
    expect(await count()).toBe(2);
    expect(await leftOver()).toEqual([]);
  });

  it('of another is left alone by the one who was robbed', async () => {
    const { file, lock, hold, steal } = await setup();
    await rewriteUnderLock(file, async () => {
      await steal();
      await hold();
      return null;
    });
    expect(await readFile(lock, 'utf8')).toBe('of-a-dead-process');
  });

  it('removed by anybody at any time, with everybody stopping anywhere: every rewrite happens exactly once', async () => {
    const { file, lock, count, leftOver } = await setup();
    const stopAnywhere = async () => {
      for (let turns = Math.floor(Math.random() * 12); turns > 0; turns -= 1) await setImmediate();
      if (Math.random() < 0.1) await remove(lock, { force: true });
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
    // Goes on until a caller starts over: without one the test proves nothing.
    for (; rewrites < 80 || calls === rewrites; rewrites += 8) await Promise.all(Array.from({ length: 8 }, increment));
    jest.restoreAllMocks();
    expect(await count()).toBe(rewrites);
    expect((await leftOver()).filter((name) => name !== '.count.lock')).toEqual([]);
  });

  it('is not taken from a living holder: waiting ends with an error that says what to do', async () => {
    const { file, lock, hold, count } = await setup();
    await hold();
    const waiting = rewriteUnderLock({ ...file, waitAtMostMs: 50 }, async () => 'never');
    await expect(waiting).rejects.toThrow(/count of .*: its lock was held by other processes for 50 ms.*Try again/);
    expect(await readFile(lock, 'utf8')).toBe('of-a-dead-process');
    expect(await count()).toBe(0);
    expect(await readdir(file.draftFolder)).toEqual([]);
  });

  it('is free again after a rewrite that failed or had nothing to write', async () => {
    const { file, count, increment, leftOver } = await setup();
    await expect(rewriteUnderLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await rewriteUnderLock(file, async () => null);
    expect(await leftOver()).toEqual([]);
    await increment();
    expect(await count()).toBe(1);
  });
});
