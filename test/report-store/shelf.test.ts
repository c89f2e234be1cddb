import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidShelfName } from '../../src/report-store/errors';
import { checkShelfName } from '../../src/report-store/shelf';
import { FakeStore } from '../support/fake-store';
import { fc } from '../support/property';
import { useStore } from './fixtures';

const newStore = useStore();

async function folder() {
  const { root, store } = await newStore();
  return { root, shelf: store.shelf };
}

describe.each([
  ['a folder', async () => (await folder()).shelf],
  ['the store of the tests', async () => new FakeStore().shelf],
])('the shelf of %s', (_name, setup) => {
  it('returns a file that was put, and null for any other', async () => {
    const shelf = await setup();
    const bytes = Buffer.from([0, 255, 13, 10]);
    await shelf.put('sweep/2026-11-22.jsonl', bytes);
    expect(await shelf.get('sweep/2026-11-22.jsonl')).toEqual(bytes);
    expect(await shelf.get('sweep/2026-11-23.jsonl')).toBeNull();
    expect(await shelf.get('sweep')).toBeNull();
  });

  it('replaces a file', async () => {
    const shelf = await setup();
    await shelf.put('last', Buffer.from('a longer text'));
    await shelf.put('last', Buffer.from('short'));
    expect(await shelf.get('last')).toEqual(Buffer.from('short'));
    expect(await shelf.list('')).toEqual(['last']);
  });

  it('lists names by prefix, in nested folders, sorted', async () => {
    const shelf = await setup();
    expect(await shelf.list('quarantine/')).toEqual([]);
    for (const name of ['quarantine/h-2/b', 'quarantine/h-1', 'quarantined', 'sweep/1']) {
      await shelf.put(name, Buffer.from(name));
    }
    expect(await shelf.list('quarantine/')).toEqual(['quarantine/h-1', 'quarantine/h-2/b']);
    expect(await shelf.list('quarantine')).toEqual(['quarantine/h-1', 'quarantine/h-2/b', 'quarantined']);
    expect(await shelf.list('quarantine/h-2/')).toEqual(['quarantine/h-2/b']);
    expect(await shelf.list('')).toHaveLength(4);
  });

  it('loses no update of many concurrent writers', async () => {
    const shelf = await setup();
    const append = (text: string) => shelf.update('events/POL-1.json', (bytes) => Buffer.from(`${bytes ?? ''}${text}`));
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(append));
    const text = String(await shelf.get('events/POL-1.json'));
    expect([...text].sort().join('')).toBe('abcdefgh');
    expect(await shelf.list('')).toEqual(['events/POL-1.json']);
  });

  it('keeps or removes a file in an update', async () => {
    const shelf = await setup();
    await shelf.update('last', () => 'keep');
    expect(await shelf.get('last')).toBeNull();
    await shelf.put('last', Buffer.from('x'));
    await shelf.update('last', () => 'keep');
    expect(await shelf.get('last')).toEqual(Buffer.from('x'));
    await shelf.update('last', () => 'remove');
    expect(await shelf.get('last')).toBeNull();
    await shelf.update('last', () => 'remove');
  });

  it('returns true to only one of two concurrent removals', async () => {
    const shelf = await setup();
    await shelf.put('quarantine/h-1', Buffer.from('x'));
    const removed = await Promise.all([shelf.remove('quarantine/h-1'), shelf.remove('quarantine/h-1')]);
    expect(removed.sort()).toEqual([false, true]);
    expect(await shelf.list('')).toEqual([]);
  });

  it.each([
    ...['', '/', '..', '../POL-1/manifest.json', 'a/../b', '/etc/passwd', 'a//b', 'a/', '.hidden', 'a\\b', 'a b'],
    ...['a\0', 'a/b/c/d/e', 'é', 'a'.repeat(201)],
  ])('rejects %j as a name', async (name) => {
    const shelf = await setup();
    await expect(shelf.put(name, Buffer.from('x'))).rejects.toThrow(InvalidShelfName);
    await expect(shelf.get(name)).rejects.toThrow(InvalidShelfName);
    await expect(shelf.update(name, () => 'keep')).rejects.toThrow(InvalidShelfName);
    await expect(shelf.remove(name)).rejects.toThrow(InvalidShelfName);
  });

  it.each(['../', '/', '..', 'a/../', '.hidden', '//'])('rejects %j as a prefix', async (prefix) => {
    await expect((await setup()).list(prefix)).rejects.toThrow(InvalidShelfName);
  });
});

test('no valid name leads out of the shelf', () => {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom('.', '/', '..', 'a', '~', '\\', '-')).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (name) => {
      try {
        checkShelfName(name);
      } catch {
        return;
      }
      expect(join('/store/.chartway', name)).toBe(`/store/.chartway/${name}`);
    }),
  );
});

test('is private, and leaves no drafts', async () => {
  const { root, shelf } = await folder();
  await shelf.put('quarantine/h-1', Buffer.from('x'));
  expect((await stat(join(root, '.chartway/quarantine/h-1'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, '.chartway/quarantine'))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(root, '.incoming'))).toEqual([]);
});

test('a file that cannot be moved to its name leaves no draft', async () => {
  const { root, shelf } = await folder();
  await shelf.put('quarantine', Buffer.from('a file instead of a folder'));
  await expect(shelf.put('quarantine/h-1', Buffer.from('x'))).rejects.toMatchObject({ code: expect.any(String) });
  expect(await readdir(join(root, '.incoming'))).toEqual([]);
  await writeFile(join(root, '.chartway', 'stray'), '');
  expect(await shelf.list('')).toEqual(['quarantine', 'stray']);
});
