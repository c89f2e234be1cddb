import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cipher, KeyMissing } from '../../src/domain/encryption';
import { openQuarantine, type SetAside } from '../../src/spool/quarantine';
import { cleanUp, faultyFiles, newFolder, systemError } from './fixture';

cleanUp();

const entry = (over: Partial<SetAside> = {}): SetAside => ({
  ...{ why: 'refused', kind: 'status', clientUserId: 'POL-1', humanId: 'h', detail: null, content: 'a notice' },
  ...over,
});

async function setup(options: Partial<Parameters<typeof openQuarantine>[0]> = {}) {
  const spoolFolder = await newFolder();
  const quarantine = openQuarantine({ spoolFolder, seal: null, ...options });
  return { quarantine, folder: join(spoolFolder, 'quarantine'), spoolFolder };
}

test('what is set aside is listed, the oldest first, read and dropped', async () => {
  let nowMs = 1_700_000_000_000;
  const { quarantine } = await setup({ nowMs: () => nowMs++ });
  expect(await quarantine.list()).toEqual([]);
  await quarantine.put(entry({ content: 'first' }));
  await quarantine.put(entry({ why: 'signature', content: Buffer.from([0, 255]) }));
  const [first, second] = await quarantine.list();
  expect([first, second]).toMatchObject([
    { why: 'refused', kind: 'status', clientUserId: 'POL-1' },
    { why: 'signature' },
  ]);
  expect((await quarantine.read(first?.id ?? ''))?.content?.toString()).toBe('first');
  expect((await quarantine.read(second?.id ?? ''))?.content).toEqual(Buffer.from([0, 255]));
  expect(await quarantine.drop(first?.id ?? '')).toBe(true);
  expect(await quarantine.drop(first?.id ?? '')).toBe(false);
  expect(await quarantine.read(first?.id ?? '')).toBeNull();
  expect((await quarantine.list()).map(({ id }) => id)).toEqual([second?.id]);
});

test('a flood of one reason leaves room for the others, and the oldest stay', async () => {
  let nowMs = 1_700_000_000_000;
  const { quarantine } = await setup({ maxRecords: 2, nowMs: () => nowMs++ });
  const put = (why: SetAside['why'], content: string) => quarantine.put(entry({ why, content }));
  expect(await put('signature', '1')).toBe('kept');
  expect(await put('signature', '2')).toBe('kept');
  expect(await put('signature', '3')).toBe('full');
  expect(await put('refused', '4')).toBe('kept');
  const [oldest] = (await quarantine.list()).filter(({ why }) => why === 'signature');
  expect((await quarantine.read(oldest?.id ?? ''))?.content?.toString()).toBe('1');
  await quarantine.drop(oldest?.id ?? '');
  expect(await put('signature', '5')).toBe('kept');
});

test('bytes are capped as well', async () => {
  const { quarantine } = await setup({ maxBytes: 1_000 });
  expect(await quarantine.put(entry({ content: 'x'.repeat(2_000) }))).toBe('full');
  expect(await quarantine.held()).toMatchObject({ refused: { records: 0, bytes: 0 } });
});

test('an id is never a path', async () => {
  const { quarantine, spoolFolder } = await setup();
  await writeFile(join(spoolFolder, 'other.json'), '{}');
  expect(await quarantine.read('../other')).toBeNull();
  expect(await quarantine.drop('../other')).toBe(false);
});

test('a disk that fails leaves nothing half, and says so', async () => {
  const write = () => Promise.reject(systemError('ENOSPC'));
  const { quarantine, folder } = await setup({ files: faultyFiles({ write }) });
  await expect(quarantine.put(entry())).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await readdir(folder)).toEqual([]);
});

test('what is not ours or not whole is passed over', async () => {
  const { quarantine, folder } = await setup();
  await mkdir(folder);
  await writeFile(join(folder, '1700000000000-refused-000000000000.json'), '{"version":1,"id":"17');
  await writeFile(join(folder, 'notes.txt'), 'mine');
  expect(await quarantine.list()).toEqual([]);
});

test('under keys nothing but the header lies there in clear, and it opens in its own place only', async () => {
  const turned = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);
  const seal: Cipher = {
    encrypt: (plain, place) => turned(Buffer.concat([Buffer.from(`${place}|`), plain])),
    decrypt(sealed, place) {
      const plain = Buffer.from(turned(sealed)).toString();
      return plain.startsWith(`${place}|`) ? Buffer.from(plain.slice(place.length + 1)) : null;
    },
  };
  const { quarantine, spoolFolder } = await setup({ seal });
  await quarantine.put(entry({ content: 'classified' }));
  const [header] = await quarantine.list();
  expect((await quarantine.read(header?.id ?? ''))?.content?.toString()).toBe('classified');
  const without = openQuarantine({ spoolFolder, seal: null });
  expect(await without.list()).toHaveLength(1);
  await expect(without.read(header?.id ?? '')).rejects.toBeInstanceOf(KeyMissing);
});
