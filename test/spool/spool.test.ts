import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Cipher, type FileEncryption, KeyMissing } from '../../src/domain/encryption';
import { diskFiles } from '../../src/spool/files';
import { encodeLine } from '../../src/spool/frame';
import type { Spool } from '../../src/spool/spool';
import { createNoticeEncryption } from '../../src/temporal/data-converter';
import { generateKey } from '../../src/temporal/key-ring';
import { until } from '../support/condition';
import { deferred } from '../support/deferred';
import { keyRingOf } from '../support/keys';
import { cleanUp, createTarget, type Faults, faultyFiles, newFolder, open, segmentsIn, systemError } from './fixture';

cleanUp();

/** Creates a spool folder with the segments of a killed process. */
async function folderOfDeadProcess(...segments: readonly Buffer[]): Promise<string> {
  const folder = await newFolder();
  const partition = join(folder, 'part-00000000');
  await mkdir(partition, { recursive: true });
  for (const [n, bytes] of segments.entries()) {
    await writeFile(join(partition, `1700000000000-00000000-00000${n}.log`), bytes);
  }
  return folder;
}

const record = (text: string, atMs = 1_700_000_000_000) => encodeLine('plain', Buffer.from(`${atMs} ${text}`));

/** Starts delivery to a fake Temporal. */
function deliver(spool: Spool, ...answer: Parameters<typeof createTarget>) {
  const { target, taken, attempted } = createTarget(...answer);
  spool.start(target);
  return { taken, attempted };
}

async function untilEmpty(folder: string): Promise<void> {
  await until('an empty spool', async () => (await segmentsIn(folder)).size === 0);
}

describe('an appended notice', () => {
  test('is acknowledged after a sync of file and folder', async () => {
    const events: string[] = [];
    const faults: Faults = {};
    const files = faultyFiles(faults);
    const { append } = await open({
      files: { ...files, syncFolder: async (path) => void events.push(`folder ${path.includes('part-')}`) },
    });
    events.length = 0;
    faults.write = (bytes) => {
      events.push('write');
      return bytes;
    };
    faults.sync = () => void events.push('sync');
    await append('a');
    events.push('acknowledged');
    await append('b');
    events.push('acknowledged');
    expect(events).toEqual(['write', 'sync', 'folder true', 'acknowledged', 'write', 'sync', 'acknowledged']);
  });

  test('shares one sync with all that arrive during the previous sync', async () => {
    let syncs = 0;
    const { promise: opened, resolve: release } = deferred();
    const faults: Faults = {};
    const { append } = await open({ files: faultyFiles(faults) });
    faults.sync = () => {
      syncs += 1;
      return syncs === 1 ? opened : undefined;
    };
    const first = append('first');
    await until('the first sync', () => syncs === 1);
    const later = Array.from({ length: 500 }, (_, n) => append(`${n}`));
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await Promise.all([first, ...later]);
    expect(syncs).toBe(2);
  });

  test('is written completely if the disk takes a few bytes at a time', async () => {
    const { append, spool } = await open({ files: faultyFiles({ write: (bytes) => bytes.subarray(0, 7) }) });
    await append('a notice', 'another');
    const { taken } = deliver(spool);
    await until('both', () => taken.length === 2);
    expect(taken).toEqual(['a notice', 'another']);
  });

  test('is readable only by the owner of the process', async () => {
    const { append, folder } = await open();
    await append('a');
    const [segment = ''] = [...(await segmentsIn(folder)).keys()];
    expect((await stat(join(folder, segment))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, segment, '..'))).mode & 0o777).toBe(0o700);
  });

  test('beyond the limit is rejected, and accepted when there is space again', async () => {
    const { append, spool, metric } = await open({ maxBytes: 300 });
    await append('a'.repeat(150));
    await expect(append('b'.repeat(150))).rejects.toMatchObject({ kind: 'spool-full' });
    expect(spool.healthy).toBe(false);
    expect(await metric('chartway_spool_writes_total{result="full"}')).toBe(1);
    const { taken } = deliver(spool);
    await until('the first one', () => taken.length === 1);
    await until('space', async () => (await metric('chartway_spool_bytes')) === 0);
    await append('b'.repeat(150));
    expect(spool.healthy).toBe(true);
  });
});

test('deferred records use at most half of the limit, those of an earlier process included', async () => {
  const first = await open({ maxBytes: 1_000 });
  const defer = (spool: Spool) => spool.append(['d'.repeat(300)], Date.now() + 5_000, { isDeferred: true });
  await defer(first.spool);
  await expect(defer(first.spool)).rejects.toMatchObject({ kind: 'spool-deferred-full' });
  expect(first.spool.healthy).toBe(true);
  await first.append('a'.repeat(300));
  await first.spool.close();
  const { spool, metric } = await open({ maxBytes: 1_000, folder: first.folder });
  deliver(spool, (text) => (text.startsWith('d') ? 'deferred' : 'taken'));
  await until('the other record', async () => (await metric('chartway_spool_records')) === 1);
  await until('the end of the pass', async () => (await metric('chartway_spool_bytes')) < 400);
  await expect(defer(spool)).rejects.toMatchObject({ kind: 'spool-deferred-full' });
});

test('deferred records delay no other, and do not create a file for each request', async () => {
  const { append, spool, folder, metric } = await open();
  const { taken, attempted } = deliver(spool, (text) => (text.startsWith('waits') ? 'deferred' : 'taken'));
  for (let n = 0; n < 20; n += 1) {
    await append(`waits ${n}`);
    // From the ninth segment on, the spool does not end the growing segment at once.
    await until('a delivery attempt', () => n > 7 || attempted.includes(`waits ${n}`));
  }
  expect((await segmentsIn(folder)).size).toBeLessThanOrEqual(10);
  expect(await metric('chartway_spool_records')).toBe(20);
  await append('goes');
  await until('the other record', () => taken.length === 1);
  expect(taken).toEqual(['goes']);
});

describe('a disk', () => {
  test('that fails accepts nothing and leaves no partial record; the spool uses it again afterwards', async () => {
    const faults: Faults = {};
    const { append, folder, spool } = await open({ files: faultyFiles(faults) });
    await append('before');
    for (const call of ['write', 'sync', 'create'] as const) {
      Object.assign(faults, { [call]: () => Promise.reject(systemError('ENOSPC')) });
      await expect(append('lost')).rejects.toMatchObject({ kind: 'spool-failed', cause: { code: 'ENOSPC' } });
      delete faults[call];
    }
    await append('after');
    const { taken } = deliver(spool);
    await until('the acknowledged ones', () => taken.includes('after'));
    expect(taken).toEqual(['before', 'after']);
    await untilEmpty(folder);
  });

  test('that stalls is given up at the deadline, and what waited behind it is not written later', async () => {
    const faults: Faults = {};
    const { append, spool } = await open({ files: faultyFiles(faults) });
    let stalled = false;
    const { promise: opened, resolve: release } = deferred();
    faults.sync = () => {
      if (stalled) return;
      stalled = true;
      return opened;
    };
    const first = expect(spool.append(['during'], Date.now() + 100)).rejects.toMatchObject({ kind: 'spool-slow' });
    await until('a stall', () => stalled);
    await expect(spool.append(['behind'], Date.now() + 50)).rejects.toMatchObject({ kind: 'spool-slow' });
    await first;
    release();
    await append('after');
    const { taken } = deliver(spool);
    await until('the last', () => taken.includes('after'));
    expect(taken).toEqual(['during', 'after']); // the first was not acknowledged, and may be there
  });
});

describe('a spooled notice', () => {
  test('is delivered oldest first, and removed', async () => {
    const folder = await folderOfDeadProcess(Buffer.concat([record('1'), record('2')]), record('3'));
    const { spool } = await open({ folder });
    const { taken } = deliver(spool);
    await until('all', () => taken.length === 3);
    expect(taken).toEqual(['1', '2', '3']);
    await untilEmpty(folder);
  });

  test('survives its process: an incomplete last record is dropped and counted', async () => {
    const segment = Buffer.concat([record('1'), record('2')]);
    const folder = await folderOfDeadProcess(segment.subarray(0, segment.length - 5), Buffer.alloc(0));
    const { spool, metric } = await open({ folder });
    const { taken } = deliver(spool);
    await until('the incomplete record', async () => (await metric('chartway_spool_torn_total')) === 1);
    await until('the complete one', () => taken.length === 1);
    expect(taken).toEqual(['1']);
    await untilEmpty(folder);
  });

  test('that was damaged goes to the quarantine byte for byte, and delays no other', async () => {
    const segment = Buffer.concat([record('1'), record('2'), record('3')]);
    const at = record('1').length + 30;
    segment[at] = (segment[at] ?? 0) ^ 4;
    const { spool, metric } = await open({ folder: await folderOfDeadProcess(segment) });
    const { taken } = deliver(spool);
    await until('the others', () => taken.length === 2);
    expect(taken).toEqual(['1', '3']);
    const [header] = await until('the damaged one', async () => {
      const listed = await spool.quarantine.list();
      return listed.length > 0 && listed;
    });
    expect(header).toMatchObject({ why: 'damaged', kind: 'bytes', clientUserId: null });
    const quarantined = await spool.quarantine.read(header?.id ?? '');
    expect(quarantined?.content).toEqual(segment.subarray(record('1').length, record('1').length + record('2').length));
    expect(await metric('chartway_quarantined_total{why="damaged",result="kept"}')).toBe(1);
  });

  test('is counted with its bytes and its age', async () => {
    const segment = Buffer.concat([record('1', Date.now() - 60_000), record('2')]);
    const { spool, metric } = await open({ folder: await folderOfDeadProcess(segment) });
    deliver(spool, () => 'unavailable');
    await until('a count', async () => (await metric('chartway_spool_records')) === 2);
    expect(await metric('chartway_spool_bytes')).toBeGreaterThan(40);
    expect(await metric('chartway_spool_oldest_age_seconds')).toBeGreaterThanOrEqual(60);
  });

  test('is counted once, also if part of its segment is delivered during the count', async () => {
    let reads = 0;
    const { promise: opened, resolve: release } = deferred();
    const read = () => {
      reads += 1;
      return reads === 2 ? opened : undefined; // the first read is the delivery's
    };
    const folder = await folderOfDeadProcess(Buffer.concat([record('1'), record('waits')]));
    const { spool, metric } = await open({ folder, files: faultyFiles({ read }) });
    deliver(spool, (text) => (text === 'waits' ? 'deferred' : 'taken'));
    const isRest = async () => (await metric('chartway_spool_bytes')) === record('waits').length;
    await until('the rest alone', isRest);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await metric('chartway_spool_records')).toBe(1);
  });

  test('is counted also if the first attempt to count it fails', async () => {
    let reads = 0;
    const read = () => {
      reads += 1;
      if (reads === 2) throw systemError('EMFILE'); // the first read is the delivery's
    };
    const folder = await folderOfDeadProcess(record('1'));
    const { spool, metric } = await open({ folder, files: faultyFiles({ read }) });
    const { attempted } = deliver(spool, () => 'unavailable');
    await until('a delivery', () => attempted.length > 0);
    expect([reads >= 2, await metric('chartway_spool_records')]).toEqual([true, 1]);
  });

  test('counts until its segment is rewritten, also if a rewrite fails', async () => {
    const folder = await folderOfDeadProcess(Buffer.concat([record('1'), record('waits')]));
    const { spool, metric, logged } = await open({ folder });
    const [segment = ''] = [...(await segmentsIn(folder)).keys()];
    await mkdir(join(folder, dirname(segment), `.${basename(segment)}.draft`)); // the rewrite needs this name
    deliver(spool, (text) => (text === 'waits' ? 'deferred' : 'taken'));
    const isCounted = async () => (await metric('chartway_spool_records')) === 2;
    await until('both after a failed rewrite', async () => logged().includes('cannot read or rewrite') && isCounted());
  });

  test('that Temporal rejects stays in the spool while the quarantine is full', async () => {
    const { spool, append, folder, metric } = await open();
    Object.assign(spool.quarantine, { put: async () => 'full' });
    await append('refused', 'fine');
    const { taken } = deliver(spool, (text) => (text === 'refused' ? 'refused' : 'taken'));
    const attempts = () => metric('chartway_quarantined_total{why="refused",result="full"}');
    await until('an attempt', async () => (await attempts()) > 0);
    expect(taken).toEqual(['fine']);
    expect([...(await segmentsIn(folder)).values()].join()).toContain('refused');
  });
});

describe('a Temporal that', () => {
  test('is unavailable is called again until it is back, and then receives everything in order', async () => {
    let isAvailable = false;
    const { spool, append, metric } = await open();
    await append('1', '2', '3', '4');
    const { taken, attempted } = deliver(spool, () => (isAvailable ? 'taken' : 'unavailable'));
    await until('some attempts', () => attempted.length >= 3);
    expect(taken).toEqual([]);
    isAvailable = true;
    await until('all', () => taken.length === 4);
    await until('an empty spool', async () => (await metric('chartway_spool_records')) === 0);
    expect(taken.filter((text) => text !== '4')).toEqual(['1', '2', '3']);
  });

  test('rejects notices permanently receives the others; the rejected ones go to the quarantine, unreadable ones too', async () => {
    const { spool, append, folder } = await open();
    await append('1', 'POL-bad', '?', '3');
    const { taken } = deliver(spool, (text) => (/^\d$/.test(text) ? 'taken' : 'refused'));
    await until('the others', () => taken.length === 2);
    await until('the rejected ones', async () => (await spool.quarantine.list()).length === 2);
    const headers = await spool.quarantine.list();
    expect(headers).toContainEqual(
      expect.objectContaining({ why: 'refused', kind: 'status', clientUserId: 'POL-bad', detail: 'INVALID_ARGUMENT' }),
    );
    expect(headers).toContainEqual(
      expect.objectContaining({ why: 'refused', kind: 'unknown', clientUserId: null, detail: 'UNREADABLE' }),
    );
    const contents = await Promise.all(headers.map(async ({ id }) => (await spool.quarantine.read(id))?.content));
    expect(contents.map(String).sort()).toEqual(['?', 'POL-bad']);
    await untilEmpty(folder);
  });

  test('does not answer for one notice delays no other, and no later one', async () => {
    const { spool, append } = await open();
    await append('poison', '2', '3');
    const { taken } = deliver(spool, (text) => (text === 'poison' ? 'unavailable' : 'taken'));
    await until('the others', () => taken.length === 2);
    await append('4');
    await until('the later one', () => taken.includes('4'));
  });

  test('is slow gets a bounded number of concurrent calls', async () => {
    const { spool, append } = await open();
    await append(...Array.from({ length: 400 }, (_, n) => `${n}`));
    let concurrent = 0;
    let most = 0;
    const { target, taken } = createTarget();
    spool.start({
      ...target,
      async deliver(notice) {
        concurrent += 1;
        most = Math.max(most, concurrent);
        await new Promise(setImmediate);
        concurrent -= 1;
        return target.deliver(notice);
      },
    });
    await until('all', () => taken.length === 400);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(16);
  });
});

describe('with keys', () => {
  /** Inverts the bytes and binds them to their path: enough to distinguish encrypted from plain. */
  function encryptionWith(keys: { known: boolean }): FileEncryption {
    const invert = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);
    const cipher: Cipher = {
      encrypt: (plain, path) => invert(Buffer.concat([Buffer.from(`${path}|`), plain])),
      decrypt(encrypted, path) {
        if (!keys.known) throw new KeyMissing('old');
        const plain = Buffer.from(invert(encrypted));
        const prefix = Buffer.from(`${path}|`);
        return plain.subarray(0, prefix.length).equals(prefix) ? plain.subarray(prefix.length) : null;
      },
    };
    return { cipher, encrypts: true };
  }

  test('no notice is stored in clear, and a notice whose key is missing waits until the key is back', async () => {
    const keys = { known: false };
    const { spool, append, folder, logged } = await open({ encryption: encryptionWith(keys) });
    await append('POL-secret');
    expect([...(await segmentsIn(folder)).values()].join()).not.toContain('POL-secret');
    const { taken } = deliver(spool);
    await until('an attempt', () => logged().includes('key'));
    keys.known = true;
    await until('the notice', () => taken.length === 1);
    expect(taken).toEqual(['POL-secret']);
  });

  test('and encryption off, an encrypted notice is delivered and a new one is stored in clear', async () => {
    const ring = keyRingOf(generateKey('main'));
    const encryption = createNoticeEncryption({ ring, encrypts: true });
    const { folder, append, spool: first } = await open({ encryption });
    await append('encrypted');
    await first.close();
    const { spool, append: appendNow } = await open({
      folder,
      encryption: createNoticeEncryption({ ring, encrypts: false }),
    });
    await appendNow('plain');
    expect([...(await segmentsIn(folder)).values()].join()).toMatch(/plain$/m);
    const { taken } = deliver(spool);
    await until('both', () => taken.length === 2);
    expect(taken).toEqual(['encrypted', 'plain']);
  });

  test('a notice written before there were keys is delivered too', async () => {
    const folder = await folderOfDeadProcess(record('plain'));
    const { spool } = await open({ folder, encryption: encryptionWith({ known: true }) });
    const { taken } = deliver(spool);
    await until('the notice', () => taken.length === 1);
  });
});

test('the start removes what a killed process left half made, and no file of another program', async () => {
  const folder = await newFolder();
  const drafts = ['.probe-0123456789ab', '.01234567/lock', 'quarantine/.1700000000000-refused-0123456789ab.json.draft'];
  const others = ['.snapshot/file', 'quarantine/.notes.draft', '.89abcdef/lock'];
  const longAgo = new Date(Date.now() - 2 * 60_000);
  for (const name of [...drafts, ...others]) {
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await writeFile(join(folder, name), 'x');
    const ageable = name.startsWith('quarantine') ? name : (name.split('/')[0] ?? '');
    if (!name.startsWith('.89abcdef')) await utimes(join(folder, ageable), longAgo, longAgo);
  }
  await open({ folder });
  for (const name of drafts) expect([name, existsSync(join(folder, name))]).toEqual([name, false]);
  for (const name of others) expect([name, existsSync(join(folder, name))]).toEqual([name, true]);
});

describe('several webhooks in one folder', () => {
  test('write and deliver their own notices while all of them run', async () => {
    const first = await open();
    const second = await open({ folder: first.folder });
    await first.append('1');
    await second.append('2');
    const ofSecond = deliver(second.spool);
    await until("the second one's", () => ofSecond.taken.length === 1);
    const ofFirst = deliver(first.spool);
    await until("the first one's", () => ofFirst.taken.length === 1);
    expect([ofFirst.taken, ofSecond.taken]).toEqual([['1'], ['2']]);
  });

  test('lose no notice of a dead one if the disk fails during the claim of its segments', async () => {
    const folder = await folderOfDeadProcess(record('0'), record('1'), record('2'));
    // Only segments: the random name of the spool's own folder may have the same digit in that position.
    const faults = new Set(['rename 1.log', 'size 2.log']);
    const failOnce = (call: string, path: string) => {
      if (faults.delete(`${call} ${path.slice(-'0.log'.length)}`)) throw systemError('EIO');
    };
    const files = {
      ...diskFiles,
      async rename(from: string, to: string) {
        failOnce('rename', from);
        return diskFiles.rename(from, to);
      },
      async size(path: string) {
        failOnce('size', path);
        return diskFiles.size(path);
      },
    };
    const { spool, metric } = await open({ folder, files, claimEveryMs: 50 });
    const { taken } = deliver(spool);
    await until('all of them', () => new Set(taken).size === 3);
    await until('an empty spool', async () => (await metric('chartway_spool_segments')) === 0);
    expect([faults.size, taken.length]).toEqual([0, 3]);
  });

  test('claim the notices of a closed one, each notice by one of them', async () => {
    const closed = await open({ segmentBytes: 10 });
    for (let n = 0; n < 20; n += 1) await closed.append(`${n}`);
    await closed.spool.close();
    const successors = await Promise.all([open({ folder: closed.folder }), open({ folder: closed.folder })]);
    const deliveries = successors.map(({ spool }) => deliver(spool));
    const all = () => deliveries.flatMap(({ taken }) => taken);
    await until('all of them', () => all().length >= 20);
    const numbers = all().map(Number);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    for (const { spool } of successors) await spool.close();
    // close() waits 2 s at most; its work may take longer.
    const hasPartition = async () => (await readdir(closed.folder)).some((name) => name.startsWith('part-'));
    await until('no partition', async () => !(await hasPartition()));
  });
});
