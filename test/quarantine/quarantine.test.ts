import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfAbsent } from '../../src/disk/folders';
import { type FileEncryption, KeyMissing, NO_ENCRYPTION } from '../../src/domain/encryption';
import { createFolderFiles, type QuarantineFiles } from '../../src/quarantine/folder-files';
import { openMailboxQuarantine, openSpoolQuarantine, type QuarantineRecord } from '../../src/quarantine/quarantine';
import { FaultyDisk } from '../report-store/faulty-disk';
import { FakeStore } from '../support/fake-store';
import { useFolders } from '../support/folders';
import { cipherOf } from '../support/keys';

const newFolder = useFolders();

function encryptionWith(byte: number): FileEncryption {
  return { cipher: cipherOf(`main:${Buffer.alloc(32, byte).toString('base64')}`), encrypts: true };
}

const record = (change: Partial<QuarantineRecord> = {}): QuarantineRecord => ({
  why: 'refused',
  kind: 'status',
  clientUserId: 'POL-1',
  humanId: 'h',
  detail: null,
  content: 'a notice',
  ...change,
});

interface Source {
  readonly files: QuarantineFiles;
  open(...options: [encryption?: FileEncryption, limits?: object]): ReturnType<typeof openSpoolQuarantine>;
}

const SOURCES: [name: string, setup: () => Promise<Source>, fixture: string][] = [
  [
    'of a spool folder',
    async () => {
      const folder = await newFolder();
      return {
        files: createFolderFiles(folder),
        open: (encryption = NO_ENCRYPTION, limits = {}) => openSpoolQuarantine(folder, encryption, limits),
      };
    },
    '1790000000000-refused-16dac3ab2e81',
  ],
  [
    'of mailboxes',
    async () => {
      const { shelf } = new FakeStore();
      return {
        files: shelf,
        open: (encryption = NO_ENCRYPTION, limits = {}) => openMailboxQuarantine(shelf, encryption, limits),
      };
    },
    '1790000000000-nobody-c63e4db79059',
  ],
];

describe.each(SOURCES)('the quarantine %s', (_name, setup, fixture) => {
  test('lists its records oldest first, reads them and drops them', async () => {
    let nowMs = 1_700_000_000_000;
    const quarantine = (await setup()).open(undefined, { nowMs: () => nowMs++ });
    expect(await quarantine.list()).toEqual([]);
    await quarantine.put(record({ content: 'first' }));
    await quarantine.put(record({ why: 'signature', content: Buffer.from([0, 255]) }));
    const [first = '', second = ''] = (await quarantine.list()).map(({ id }) => id);
    expect(await quarantine.list()).toMatchObject([
      { why: 'refused', kind: 'status', clientUserId: 'POL-1' },
      { why: 'signature' },
    ]);
    expect((await quarantine.read(first))?.content?.toString()).toBe('first');
    expect((await quarantine.read(second))?.content).toEqual(Buffer.from([0, 255]));
    expect([await quarantine.drop(first), await quarantine.drop(first)]).toEqual([true, false]);
    expect(await quarantine.read(first)).toBeNull();
    expect((await quarantine.list()).map(({ id }) => id)).toEqual([second]);
  });

  test('caps each reason and keeps the oldest records', async () => {
    let nowMs = 1_700_000_000_000;
    const quarantine = (await setup()).open(undefined, { maxRecords: 2, nowMs: () => nowMs++ });
    const put = (why: QuarantineRecord['why'], content: string) => quarantine.put(record({ why, content }));
    const results = [await put('signature', '1'), await put('signature', '2'), await put('signature', '3')];
    expect(results).toEqual(['kept', 'kept', 'full']);
    expect(await put('refused', '4')).toBe('kept');
    expect(await quarantine.count()).toMatchObject({ signature: { records: 2 }, refused: { records: 1 } });
    const [oldest] = (await quarantine.list()).filter(({ why }) => why === 'signature');
    expect((await quarantine.read(oldest?.id ?? ''))?.content?.toString()).toBe('1');
    await quarantine.drop(oldest?.id ?? '');
    expect(await put('signature', '5')).toBe('kept');
  });

  test('keeps one record of the same identity, also when it is full', async () => {
    const quarantine = (await setup()).open(undefined, { maxRecords: 2 });
    const put = (key: string, atMs = 1_000) => quarantine.put(record({ why: 'nobody' }), { atMs, key });
    const results = [await put('b', 2_000), await put('a'), await put('c'), await put('b', 2_000)];
    expect(results).toEqual(['kept', 'kept', 'full', 'kept']);
    const listed = await quarantine.list();
    expect(listed.map(({ at }) => at)).toEqual(['1970-01-01T00:00:01.000Z', '1970-01-01T00:00:02.000Z']);
    await quarantine.drop(listed[0]?.id ?? '');
    expect(await put('c')).toBe('kept');
  });

  test('skips files that are not records, and an id is never a path', async () => {
    const { files, open } = await setup();
    await files.put('other.json', Buffer.from('{}'));
    await files.put('quarantine/notes.json', Buffer.from('{"version":1}'));
    await files.put('quarantine/1700000000000-refused-000000000000.json', Buffer.from('{"version":1,"id":"17'));
    const quarantine = open();
    expect(await quarantine.list()).toEqual([]);
    for (const id of ['../other', '../../manifest', 'notes']) {
      expect([await quarantine.read(id), await quarantine.drop(id)]).toEqual([null, false]);
    }
    expect(await files.list('quarantine/')).toHaveLength(2);
    expect(await files.get('other.json')).not.toBeNull();
  });

  test('encrypts the content, which decrypts only with the key and under its own id', async () => {
    const { files, open } = await setup();
    const quarantine = open(encryptionWith(1));
    await quarantine.put(record({ content: 'classified' }));
    const [{ id } = { id: '' }] = await quarantine.list();
    const bytes = await files.get(`quarantine/${id}.json`);
    expect(Buffer.from(JSON.parse(String(bytes)).content, 'base64').toString()).not.toContain('classified');
    expect((await quarantine.read(id))?.content?.toString()).toBe('classified');

    const withoutKeys = open();
    expect(await withoutKeys.list()).toHaveLength(1);
    await expect(withoutKeys.read(id)).rejects.toThrow(new KeyMissing(null));

    const decryptsOnly = open({ ...encryptionWith(1), encrypts: false });
    expect((await decryptsOnly.read(id))?.content?.toString()).toBe('classified');
    await decryptsOnly.put(record({ why: 'signature', content: 'public' }));
    const [, plain] = await decryptsOnly.list();
    expect((await open().read(plain?.id ?? ''))?.content?.toString()).toBe('public');

    const copy = `${id.slice(0, -12)}000000000000`;
    await files.put(`quarantine/${copy}.json`, bytes ?? Buffer.of());
    expect(await quarantine.read(copy)).toMatchObject({ content: null });
  });

  test('lists, reads and drops a record that an earlier version wrote', async () => {
    const { files, open } = await setup();
    await files.put(`quarantine/${fixture}.json`, await readFile(join(__dirname, 'fixtures', `${fixture}.record`)));
    const quarantine = open(encryptionWith(7));
    expect((await quarantine.list()).map(({ id }) => id)).toEqual([fixture]);
    const { header, content } = (await quarantine.read(fixture)) ?? {};
    expect(header).toMatchObject({ id: fixture, at: '2026-09-21T14:13:20.000Z' });
    const notice = { updatedAt: '2026-01-01T00:00:00.000Z' };
    const report = { kind: 'report', humanId: 'h-2', reportId: 'r-1', type: 'unity', ...notice };
    expect(JSON.parse(String(content))).toEqual(
      header?.why === 'refused'
        ? [{ kind: 'status', clientUserId: 'POL-1', humanId: 'h-1', status: 'Declined', ...notice }]
        : [report, { ...report, reportId: 'r-2' }],
    );
    expect(await quarantine.drop(fixture)).toBe(true);
    expect(await quarantine.list()).toEqual([]);
  });
});

test('the spool folder also caps bytes', async () => {
  const quarantine = openSpoolQuarantine(await newFolder(), NO_ENCRYPTION, { maxBytes: 1_000 });
  expect(await quarantine.put(record({ content: 'x'.repeat(2_000) }))).toBe('full');
  expect(await quarantine.count()).toMatchObject({ refused: { records: 0, bytes: 0 } });
});

test('a disk that fails leaves no partial record, and the failure does not count against the cap', async () => {
  const folder = await newFolder();
  await mkdir(join(folder, 'quarantine'));
  const quarantine = openSpoolQuarantine(folder, NO_ENCRYPTION, { maxRecords: 1 });
  const disk = new FaultyDisk();
  const failed: string[] = [];
  try {
    for (let from = 1; from === 1 || disk.failed.length > 0; from += 1) {
      disk.break({ from, lasting: false, code: 'ENOSPC' });
      const result = await quarantine.put(record()).catch((error) => error.code);
      disk.repair();
      failed.push(...disk.failed);
      expect([from, result]).not.toEqual([from, 'full']);
      const names = (await nullIfAbsent(readdir(join(folder, 'quarantine')))) ?? [];
      const whole = (await quarantine.list()).map(({ id }) => `${id}.json`);
      expect([from, names]).toEqual([from, whole]);
      for (const { id } of await quarantine.list()) await quarantine.drop(id);
    }
  } finally {
    disk.remove();
  }
  expect(failed).toEqual(expect.arrayContaining(['open', 'file.writeFile', 'file.sync', 'file.close', 'rename']));
});

test('files of other names in the spool folder are left alone', async () => {
  const folder = await newFolder();
  await mkdir(join(folder, 'quarantine'));
  await writeFile(join(folder, 'quarantine', 'notes.txt'), 'mine');
  expect(await openSpoolQuarantine(folder, NO_ENCRYPTION).list()).toEqual([]);
});
