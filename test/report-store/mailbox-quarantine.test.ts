import { KeyMissing } from '../../src/domain/encryption';
import { openMailboxQuarantine } from '../../src/report-store/mailbox-quarantine';
import { FakeStore } from '../support/fake-store';

function setup(maxRecords = 10) {
  const { shelf } = new FakeStore();
  const quarantine = openMailboxQuarantine({ shelf, seal: null, maxRecords });
  const put = (key: string, atMs = 1_000) =>
    quarantine.put({ key, atMs, humanId: 'h-1', notices: 1, content: '[{"reportId":"r-1"}]' });
  return { shelf, quarantine, put };
}

test('what is set aside twice is kept once, and listed in the order of time', async () => {
  const { quarantine, put } = setup();
  for (const [key, atMs] of [
    ['b', 2_000],
    ['a', 1_000],
    ['b', 2_000],
  ] as const)
    await put(key, atMs);
  const listed = await quarantine.list();
  expect(listed.map(({ at }) => at)).toEqual(['1970-01-01T00:00:01.000Z', '1970-01-01T00:00:02.000Z']);
});

test('it is capped: the oldest stay, and what is there may be written again', async () => {
  const { quarantine, put } = setup(2);
  expect([await put('a'), await put('b'), await put('c'), await put('a')]).toEqual(['kept', 'kept', 'full', 'kept']);
  const [first] = await quarantine.list();
  expect(await quarantine.drop(first?.id ?? '')).toBe(true);
  expect(await put('c')).toBe('kept');
});

test('with keys the content is sealed and bound to its name; without them again it waits for the key', async () => {
  const { shelf } = setup();
  const places: string[] = [];
  const seal = {
    encrypt: (plain: Uint8Array, place: string) => {
      places.push(place);
      return Buffer.from(plain).reverse();
    },
    decrypt: (sealed: Uint8Array, place: string) => (places.includes(place) ? Buffer.from(sealed).reverse() : null),
  };
  const sealed = openMailboxQuarantine({ shelf, seal });
  await sealed.put({ key: 'a', atMs: 1_000, humanId: 'h-1', notices: 1, content: 'secret report id' });
  const [header] = await sealed.list();
  const id = header?.id ?? '';
  expect(places).toEqual([`quarantine/${id}.json`]);
  const [name = ''] = await shelf.list('');
  expect(name).toBe(`quarantine/${id}.json`);
  const stored = JSON.parse((await shelf.get(name))?.toString() ?? '{}');
  expect(Buffer.from(stored.content, 'base64').toString()).not.toMatch('secret');
  expect((await sealed.read(id))?.content?.toString()).toBe('secret report id');
  await expect(openMailboxQuarantine({ shelf, seal: null }).read(id)).rejects.toThrow(KeyMissing);
});

test('files that are not ours are left out, and ids that are none lead nowhere', async () => {
  const { shelf, quarantine } = setup();
  await shelf.put('quarantine/other.json', Buffer.from('{"version":1}'));
  await shelf.put('quarantine/torn.json', Buffer.from('{"version":1,'));
  expect(await quarantine.list()).toEqual([]);
  expect(await quarantine.read('../../manifest')).toBeNull();
  expect(await quarantine.drop('other')).toBe(false);
  expect(await shelf.list('quarantine/')).toHaveLength(2);
});
