import { openEncryptedShelf } from '../../src/report-store/encrypted-shelf';
import { AlteredDocument } from '../../src/report-store/errors';
import { FakeStore } from '../support/fake-store';
import { cipherOf } from '../support/keys';

const KEY = `a:${Buffer.alloc(32, 1).toString('base64')}`;
const text = Buffer.from('POL-1 closed');

test('encrypts files, binds each to its name, and reads a plain one', async () => {
  const { shelf } = new FakeStore();
  const encrypted = openEncryptedShelf(shelf, { cipher: cipherOf(KEY), encrypts: true });
  await encrypted.put('events/a', text);
  expect(String(await shelf.get('events/a'))).not.toContain('POL-1');
  expect(await encrypted.get('events/a')).toEqual(text);
  await encrypted.update('events/a', (bytes) => Buffer.concat([bytes ?? Buffer.alloc(0), text]));
  expect(String(await encrypted.get('events/a'))).toBe('POL-1 closedPOL-1 closed');
  await shelf.put('events/b', (await shelf.get('events/a')) ?? Buffer.alloc(0));
  await expect(encrypted.get('events/b')).rejects.toThrow(AlteredDocument);
  await shelf.put('events/plain', text);
  expect(await encrypted.get('events/plain')).toEqual(text);
  expect(await encrypted.get('events/none')).toBeNull();
});
