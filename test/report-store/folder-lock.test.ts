import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rewriteUnderLock } from '../../src/report-store/folder-lock';

const roots: string[] = [];

async function setup() {
  const root = await mkdtemp(join(tmpdir(), 'chartway-lock-'));
  roots.push(root);
  const incoming = join(root, '.incoming');
  await mkdir(incoming);
  const path = join(root, 'count');
  const lock = join(root, '.count.lock');
  await writeFile(path, '0');
  const count = async () => Number(await readFile(path, 'utf8'));
  return {
    file: { path, incoming },
    lock,
    count,
    increment: () => rewriteUnderLock({ path, incoming }, async () => String((await count()) + 1)),
    /** As if its holder had not been heard of for so long. */
    age: async (ms: number) => {
      const then = new Date(Date.now() - ms);
      for (const name of await readdir(lock)) await utimes(join(lock, name), then, then);
    },
    leftOver: async () =>
      (await readdir(root)).concat(await readdir(incoming)).filter((name) => !['count', '.incoming'].includes(name)),
    hold: async () => {
      await mkdir(lock);
      await writeFile(join(lock, 'of-a-dead-process'), '{"half":');
    },
  };
}

afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true });
});

describe('the lock', () => {
  it('lets one after the other rewrite the file, and leaves nothing behind', async () => {
    const { count, increment, leftOver } = await setup();
    await Promise.all(Array.from({ length: 30 }, increment));
    expect(await count()).toBe(30);
    expect(await leftOver()).toEqual([]);
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

  it('is not taken from a living holder: waiting ends with an error that says what to do', async () => {
    const { file, lock, hold, count } = await setup();
    await hold();
    const waiting = rewriteUnderLock({ ...file, waitAtMostMs: 50 }, async () => 'never');
    await expect(waiting).rejects.toThrow(/count of .*: expected its lock to be free within 50 ms.*Try again/);
    expect(await readdir(lock)).toEqual(['of-a-dead-process']);
    expect(await count()).toBe(0);
    expect(await readdir(file.incoming)).toEqual([]);
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
