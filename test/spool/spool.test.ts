import { mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cipher } from '../../src/domain/encryption';
import { KeyMissing } from '../../src/domain/encryption';
import { diskFiles } from '../../src/spool/files';
import { lineOf } from '../../src/spool/frame';
import { until } from '../support/condition';
import { cleanUp, type Faults, faultyFiles, newFolder, open, outlet, segmentsIn, systemError } from './fixture';

const SOON_MS = 10_000;

cleanUp();

/** As if its process had been killed: the segments lie in a part that nobody holds. */
async function leftBehind(segments: readonly (Buffer | string)[]): Promise<string> {
  const folder = await newFolder();
  const part = join(folder, 'part-00000000');
  await mkdir(part, { recursive: true });
  for (const [n, bytes] of segments.entries()) {
    await writeFile(join(part, `1700000000000-00000000-00000${n}.log`), bytes);
  }
  return folder;
}

const record = (text: string, atMs = 1_700_000_000_000) => lineOf('plain', Buffer.from(`${atMs} ${text}`));

describe('what is appended', () => {
  test('is synced, file and folder, before it counts as kept', async () => {
    const happened: string[] = [];
    const faults: Faults = {};
    const files = faultyFiles(faults);
    const { append } = await open({
      files: { ...files, syncFolder: async (path) => void happened.push(`folder ${path.includes('part-')}`) },
    });
    happened.length = 0;
    faults.write = (bytes) => {
      happened.push('write');
      return bytes;
    };
    faults.sync = () => void happened.push('sync');
    await append('a');
    happened.push('kept');
    await append('b');
    happened.push('kept');
    expect(happened).toEqual(['write', 'sync', 'folder true', 'kept', 'write', 'sync', 'kept']);
  });

  test('by many at once while the disk works is kept by one more sync', async () => {
    let syncs = 0;
    let release = (): void => {};
    const faults: Faults = {};
    const { append } = await open({ files: faultyFiles(faults) });
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    faults.sync = () => {
      syncs += 1;
      return syncs === 1 ? held : undefined;
    };
    const first = append('first');
    await until('the first sync', SOON_MS, () => syncs === 1);
    const others = Array.from({ length: 500 }, (_, n) => append(`${n}`));
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await Promise.all([first, ...others]);
    expect(syncs).toBe(2);
  });

  test('is written to its end where the disk takes a few bytes at a time', async () => {
    const { append, spool } = await open({ files: faultyFiles({ write: (bytes) => bytes.subarray(0, 7) }) });
    await append('a notice', 'another');
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('both', SOON_MS, () => taken.length === 2);
    expect(taken).toEqual(['a notice', 'another']);
  });

  test('is for nobody else to read', async () => {
    const { append, folder } = await open();
    await append('a');
    const [segment = ''] = [...(await segmentsIn(folder)).keys()];
    expect((await stat(join(folder, segment))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, segment, '..'))).mode & 0o777).toBe(0o700);
  });

  test('beyond the cap is refused, and taken again when there is room', async () => {
    const { append, spool, figure } = await open({ maxBytes: 300 });
    await append('a'.repeat(150));
    await expect(append('b'.repeat(150))).rejects.toMatchObject({ kind: 'spool-full' });
    expect(spool.healthy).toBe(false);
    expect(await figure('chartway_spool_writes_total{result="full"}')).toBe(1);
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('the first one', SOON_MS, () => taken.length === 1);
    await until('room', SOON_MS, async () => (await figure('chartway_spool_bytes')) === 0);
    await append('b'.repeat(150));
    expect(spool.healthy).toBe(true);
  });
});

test('deferred records take half of the cap at most, also where they lie there from an earlier process', async () => {
  const first = await open({ maxBytes: 1_000 });
  const defer = (spool: typeof first.spool) =>
    spool.append(['d'.repeat(300)], Date.now() + 5_000, { isDeferred: true });
  await defer(first.spool);
  await expect(defer(first.spool)).rejects.toMatchObject({ kind: 'spool-deferred-full' });
  expect(first.spool.healthy).toBe(true);
  await first.append('a'.repeat(300));
  await first.spool.close();
  const { spool, figure } = await open({ maxBytes: 1_000, folder: first.folder });
  spool.start(outlet((text) => (text.startsWith('d') ? 'deferred' : 'taken')).outlet);
  await until(
    'what is not deferred to be delivered',
    SOON_MS,
    async () => (await figure('chartway_spool_records')) === 1,
  );
  await until('the pass to end', SOON_MS, async () => (await figure('chartway_spool_bytes')) < 400);
  await expect(defer(spool)).rejects.toMatchObject({ kind: 'spool-deferred-full' });
});

describe('a disk', () => {
  test.each(['ENOSPC', 'EIO', 'EROFS'])(
    'that fails with %s takes nothing and leaves nothing half; afterwards it is used again',
    async (code) => {
      const faults: Faults = {};
      const { append, folder, spool } = await open({ files: faultyFiles(faults) });
      await append('before');
      for (const broken of [
        { write: () => Promise.reject(systemError(code)) },
        { sync: () => Promise.reject(systemError(code)) },
        { create: () => Promise.reject(systemError(code)) },
      ]) {
        Object.assign(faults, broken);
        await expect(append('lost')).rejects.toMatchObject({ kind: 'spool-failed', cause: { code } });
        for (const fault of Object.keys(broken) as (keyof Faults)[]) delete faults[fault];
      }
      await append('after');
      const { outlet: given, taken } = outlet();
      spool.start(given);
      await until('what was kept', SOON_MS, () => taken.includes('after'));
      expect(taken).toEqual(['before', 'after']);
      await until('an empty spool', SOON_MS, async () => (await segmentsIn(folder)).size === 0);
    },
  );

  test('that stalls is not waited for beyond the deadline, and what waited behind it is not written later', async () => {
    const faults: Faults = {};
    const { append, spool } = await open({ files: faultyFiles(faults) });
    let stalled = false;
    let release = (): void => {};
    faults.sync = () => {
      if (stalled) return;
      stalled = true;
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    const first = expect(spool.append(['under way'], Date.now() + 100)).rejects.toMatchObject({ kind: 'spool-slow' });
    await until('a stall', SOON_MS, () => stalled);
    await expect(spool.append(['behind'], Date.now() + 50)).rejects.toMatchObject({ kind: 'spool-slow' });
    await first;
    release();
    await append('after');
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('the last', SOON_MS, () => taken.includes('after'));
    expect(taken).toEqual(['under way', 'after']); // the first may be there or not: it was not acknowledged
  });
});

describe('what lies in the spool', () => {
  test('is delivered oldest first, and removed', async () => {
    const folder = await leftBehind([Buffer.concat([record('1'), record('2')]), record('3')]);
    const { spool } = await open({ folder });
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('all', SOON_MS, () => taken.length === 3);
    expect(taken).toEqual(['1', '2', '3']);
    await until('an empty folder', SOON_MS, async () => (await segmentsIn(folder)).size === 0);
  });

  test('outlives the process that wrote it, wherever that was cut off', async () => {
    const segment = Buffer.concat([record('1'), record('2')]);
    const torn = segment.subarray(0, segment.length - 5);
    const { spool, figure, logged } = await open({ folder: await leftBehind([torn]) });
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('the torn end', SOON_MS, async () => (await figure('chartway_spool_torn_total')) === 1);
    await until('the whole one', SOON_MS, () => taken.length === 1);
    expect(taken).toEqual(['1']);
    expect(logged()).toContain('never acknowledged');
  });

  test('and was damaged there goes to the quarantine, byte for byte, and holds up nothing', async () => {
    const segment = Buffer.concat([record('1'), record('2'), record('3')]);
    const at = record('1').length + 30;
    segment[at] = (segment[at] ?? 0) ^ 4;
    const { spool, logged, figure } = await open({ folder: await leftBehind([segment]) });
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('the others', SOON_MS, () => taken.length === 2);
    expect(taken).toEqual(['1', '3']);
    const [header] = await until('the damaged one', SOON_MS, async () => {
      const listed = await spool.quarantine.list();
      return listed.length > 0 && listed;
    });
    expect(header).toMatchObject({ why: 'damaged', kind: 'bytes', clientUserId: null });
    const kept = await spool.quarantine.read(header?.id ?? '');
    expect(kept?.content).toEqual(segment.subarray(record('1').length, record('1').length + record('2').length));
    expect(await figure('chartway_quarantined_total{why="damaged",result="kept"}')).toBe(1);
    expect(logged()).toContain('quarantine');
  });

  test('tells its depth and its age', async () => {
    const { figure } = await open({
      folder: await leftBehind([Buffer.concat([record('1', Date.now() - 60_000), record('2')])]),
    }).then(async (opened) => {
      opened.spool.start(outlet(() => 'unavailable').outlet);
      return opened;
    });
    await until('a count', SOON_MS, async () => (await figure('chartway_spool_records')) === 2);
    expect(await figure('chartway_spool_bytes')).toBeGreaterThan(40);
    expect(await figure('chartway_spool_oldest_age_seconds')).toBeGreaterThanOrEqual(60);
  });

  test('is counted once, also if a part of it is delivered during the count', async () => {
    let reads = 0;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const files = {
      ...diskFiles,
      async read(path: string) {
        reads += 1;
        const isCount = reads === 2; // the first read is the delivery's
        const bytes = await diskFiles.read(path);
        if (isCount) await held;
        return bytes;
      },
    };
    const folder = await leftBehind([Buffer.concat([record('1'), record('waits')])]);
    const { spool, figure } = await open({ folder, files });
    spool.start(outlet((text) => (text === 'waits' ? 'deferred' : 'taken')).outlet);
    await until(
      'the rest alone',
      SOON_MS,
      async () => (await figure('chartway_spool_bytes')) === record('waits').length,
    );
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await figure('chartway_spool_records')).toBe(1);
  });

  test('survives a full quarantine: a refused notice waits in the spool', async () => {
    const { spool, append, folder, figure } = await open();
    Object.assign(spool.quarantine, { put: async () => 'full' });
    await append('refused', 'fine');
    const { outlet: given, taken } = outlet((text) => (text === 'refused' ? 'refused' : 'taken'));
    spool.start(given);
    await until(
      'a try',
      SOON_MS,
      async () => (await figure('chartway_quarantined_total{why="refused",result="full"}')) > 0,
    );
    expect(taken).toEqual(['fine']);
    expect([...(await segmentsIn(folder)).values()].join()).toContain('refused');
  });
});

describe('a Temporal that', () => {
  test('is away is asked less and less often, and gets everything when it is back, in order', async () => {
    let away = true;
    const { spool, append, figure } = await open();
    await append('1', '2', '3', '4');
    const { outlet: given, taken, asked } = outlet(() => (away ? 'unavailable' : 'taken'));
    spool.start(given);
    await until('some tries', SOON_MS, () => asked.length >= 3);
    expect(taken).toEqual([]);
    away = false;
    await until('all', SOON_MS, () => taken.length === 4);
    await until('an empty spool', SOON_MS, async () => (await figure('chartway_spool_records')) === 0);
    expect(taken.filter((text) => text !== '4')).toEqual(['1', '2', '3']);
  });

  test.each([
    ['POL-bad', { kind: 'status', clientUserId: 'POL-bad', detail: 'INVALID_ARGUMENT' }],
    ['?', { kind: 'unknown', clientUserId: null, detail: 'UNREADABLE' }],
  ])('refuses %s for good has it in quarantine, and the others at once', async (bad, told) => {
    const { spool, append, folder } = await open();
    await append('1', bad, '3');
    const { outlet: given, taken } = outlet((text) => (text === bad ? 'refused' : 'taken'));
    spool.start(given);
    await until('the others', SOON_MS, () => taken.length === 2);
    await until('the refused one', SOON_MS, async () => (await spool.quarantine.list()).length === 1);
    const [header] = await spool.quarantine.list();
    expect(header).toMatchObject({ why: 'refused', ...told });
    expect((await spool.quarantine.read(header?.id ?? ''))?.content?.toString()).toBe(bad);
    await until('an empty spool', SOON_MS, async () => (await segmentsIn(folder)).size === 0);
  });

  test('does not answer for one notice holds up no other, nor what comes later', async () => {
    const { spool, append } = await open();
    await append('poison', '2', '3');
    const { outlet: given, taken } = outlet((text) => (text === 'poison' ? 'unavailable' : 'taken'));
    spool.start(given);
    await until('the others', SOON_MS, () => taken.length === 2);
    await append('4');
    await until('the later one', SOON_MS, () => taken.includes('4'));
  });

  test('is slow is asked for a bounded number at a time', async () => {
    const { spool, append } = await open();
    await append(...Array.from({ length: 400 }, (_, n) => `${n}`));
    let underWay = 0;
    let most = 0;
    const { outlet: given, taken } = outlet();
    spool.start({
      ...given,
      async deliver(one) {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise(setImmediate);
        underWay -= 1;
        return given.deliver(one);
      },
    });
    await until('all', SOON_MS, () => taken.length === 400);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(16);
  });
});

describe('under keys', () => {
  /** Turns bytes over and binds them to their place; enough to tell sealed from plain. */
  function testSeal(keys: { ours: boolean }): Cipher {
    const turned = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);
    return {
      encrypt: (plain, place) => turned(Buffer.concat([Buffer.from(`${place}|`), plain])),
      decrypt(sealed, place) {
        if (!keys.ours) throw new KeyMissing('old');
        const plain = Buffer.from(turned(sealed));
        const mark = Buffer.from(`${place}|`);
        return plain.subarray(0, mark.length).equals(mark) ? plain.subarray(mark.length) : null;
      },
    };
  }

  test('nothing lies there in clear, and a notice whose key is away waits until it is back', async () => {
    const keys = { ours: false };
    const { spool, append, folder, logged } = await open({ seal: testSeal(keys) });
    await append('POL-secret');
    expect([...(await segmentsIn(folder)).values()].join()).not.toContain('POL-secret');
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('a try', SOON_MS, () => logged().includes('wait for their key'));
    keys.ours = true;
    await until('it', SOON_MS, () => taken.length === 1);
    expect(taken).toEqual(['POL-secret']);
  });

  test('what was written before there were keys is delivered as well', async () => {
    const { spool } = await open({ folder: await leftBehind([record('plain')]), seal: testSeal({ ours: true }) });
    const { outlet: given, taken } = outlet();
    spool.start(given);
    await until('it', SOON_MS, () => taken.length === 1);
  });
});

describe('several webhooks in one folder', () => {
  test('each write and deliver their own, while all of them live', async () => {
    const first = await open();
    const second = await open({ folder: first.folder });
    await first.append('1');
    await second.append('2');
    const [a, b] = [outlet(), outlet()];
    second.spool.start(b.outlet);
    await until('its own', SOON_MS, () => b.taken.length === 1);
    first.spool.start(a.outlet);
    await until('its own', SOON_MS, () => a.taken.length === 1);
    expect([a.taken, b.taken]).toEqual([['1'], ['2']]);
  });

  test('lose nothing of a dead one where the disk refuses in the midst of the take-over', async () => {
    const folder = await leftBehind([record('0'), record('1'), record('2')]);
    // Only segments: the random name of the spool's own folder may have the same digit in that position.
    const refusals = new Set(['rename 1.log', 'size 2.log']);
    const once = (what: string, path: string) => {
      if (refusals.delete(`${what} ${path.slice(-'0.log'.length)}`)) throw systemError('EIO');
    };
    const files = {
      ...diskFiles,
      async rename(from: string, to: string) {
        once('rename', from);
        return diskFiles.rename(from, to);
      },
      async size(path: string) {
        once('size', path);
        return diskFiles.size(path);
      },
    };
    const { spool, figure } = await open({ folder, files, adoptEveryMs: 50 });
    const { outlet: to, taken } = outlet();
    spool.start(to);
    await until('all of them', SOON_MS, () => new Set(taken).size === 3);
    await until('an empty spool', SOON_MS, async () => (await figure('chartway_spool_segments')) === 0);
    expect([refusals.size, taken.length]).toEqual([0, 3]);
  });

  test('take over what a closed one left, each notice by one of them', async () => {
    const dead = await open({ segmentBytes: 10 });
    for (let n = 0; n < 20; n += 1) await dead.append(`${n}`);
    await dead.spool.close();
    const heirs = await Promise.all([open({ folder: dead.folder }), open({ folder: dead.folder })]);
    const outlets = heirs.map(({ spool }) => {
      const one = outlet();
      spool.start(one.outlet);
      return one;
    });
    const all = () => outlets.flatMap(({ taken }) => taken);
    await until('all of them', SOON_MS, () => all().length >= 20);
    expect(
      all()
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, n) => n));
    for (const { spool } of heirs) await spool.close();
    // close() waits 2 s at most; its work may take longer.
    await until('no part', SOON_MS, async () => !(await readdir(dead.folder)).some((name) => name.startsWith('part-')));
  });
});

test('a segment that was cut off at its very beginning is taken away', async () => {
  const folder = await leftBehind([record('1')]);
  const [segment = ''] = [...(await segmentsIn(folder)).keys()];
  await truncate(join(folder, segment), 0);
  const { spool } = await open({ folder });
  spool.start(outlet().outlet);
  await until('an empty folder', SOON_MS, async () => (await segmentsIn(folder)).size === 0);
});

test('records that have to wait hold up none of the others, and do not become a file for each request', async () => {
  const { append, spool, folder, figure } = await open();
  const { outlet: given, taken, asked } = outlet((text) => (text.startsWith('waits') ? 'deferred' : 'taken'));
  spool.start(given);
  for (let n = 0; n < 60; n += 1) {
    await append(`waits ${n}`);
    // From the ninth segment on, the spool does not end the growing segment at once.
    await until('a look at it', SOON_MS, () => n > 7 || asked.includes(`waits ${n}`));
  }
  expect((await segmentsIn(folder)).size).toBeLessThanOrEqual(10);
  expect(await figure('chartway_spool_records')).toBe(60);
  await append('goes');
  await until('the other one', 3 * SOON_MS, () => taken.length === 1);
  expect(taken).toEqual(['goes']);
}, 60_000);
