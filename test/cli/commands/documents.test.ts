import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AlteredDocument, StoreUnavailable } from '../../../src/report-store/errors';
import { NotFound } from '../../../src/use-cases/errors';
import type { DocumentView } from '../../../src/use-cases/views';
import { createFakeFixture } from './fake-use-cases';
import { wrongUsageError } from './wrong-usage';

const AT = '2026-12-01T08:00:00.000Z';
const documentView = (documentId: string, superseded = false): DocumentView => ({
  documentId,
  type: 'unity',
  format: 'pdf',
  organization: { id: 'org-1', name: 'Marzipan Infirmary' },
  reportId: 'r-1',
  updatedAt: AT,
  seenAt: AT,
  sha256: '00',
  bytes: 4,
  contentType: 'application/pdf',
  storedAt: AT,
  superseded,
});
const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const OLD = '0'.repeat(32);
const ALL = [documentView(A), documentView(B), documentView(OLD, true)];
const MISSING = {
  type: 'ccdraw',
  format: 'json',
  organization: { id: 'org-1', name: 'Marzipan Infirmary' },
  reason: 'not-listed',
  detail: 'Marzipan Infirmary',
} as const;

async function setup(read: (documentId: string) => AsyncGenerator<Uint8Array> = text) {
  const fixture = await createFakeFixture({
    documents: async () => ({ items: ALL, missing: [MISSING], asOf: AT }),
    openDocument: async (_, documentId) => {
      const document = ALL.find((each) => each.documentId === documentId);
      if (!document) throw new NotFound('no document');
      return { document, fileName: `unity-${documentId[0]}.pdf`, read: () => read(documentId) };
    },
    openZip: async () => text('zip'),
  });
  return { ...fixture, to: join(fixture.folder, 'saved') };
}

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content.slice(0, 1));
  yield Buffer.from(content.slice(1));
}

test('lists the documents, as text also the missing ones with the reason; the text shows no organization', async () => {
  const { run, out, printed, messages } = await setup();
  expect(await run('documents', 'list', 'POL-1')).toBe(0);
  expect(out[0]).toBe(`${A}\tunity\tpdf\t4\t2026-12-01T08:00:00Z\t2026-12-01T08:00:00Z\tcurrent`);
  expect(out.slice(3)).toEqual(['-\tccdraw\tjson\t-\t-\t-\tnot-listed']);
  expect(messages()).toBe('3 documents, 1 missing\n');
  expect(out.join('\n')).not.toContain('Marzipan');
  expect(await run('documents', 'list', 'POL-1', '--json')).toBe(0);
  expect(printed()).toEqual(ALL);
});

test('saves the current documents as private files; an existing file stays and fails the command', async () => {
  const { run, to, printed, messages } = await setup();
  expect(await run('documents', 'save', 'POL-1', '--to', to, '--json')).toBe(0);
  expect(await readdir(to)).toEqual(['unity-a.pdf', 'unity-b.pdf']);
  expect(printed()[0]).toEqual({ documentId: A, file: join(to, 'unity-a.pdf'), bytes: 32 });
  expect([(await stat(to)).mode & 0o777, (await stat(join(to, 'unity-a.pdf'))).mode & 0o777]).toEqual([0o700, 0o600]);
  await writeFile(join(to, 'unity-a.pdf'), 'mine');
  expect(await run('documents', 'save', 'POL-1', A, OLD, 'f'.repeat(32), '--to', to)).toBe(1);
  expect(await readFile(join(to, 'unity-a.pdf'), 'utf8')).toBe('mine');
  expect(await readFile(join(to, 'unity-0.pdf'), 'utf8')).toBe(OLD);
  expect(messages()).toContain(`${A}: not saved: expected to create a new file, got EEXIST`);
  expect(messages()).toContain('1 of 3 documents saved');
});

test('a text that is not a documentId is wrong usage, and is not quoted', () => {
  const error = wrongUsageError(['documents', 'save', 'POL-1', A, 'robin', '--to', 'saved']);
  expect(error).toContain('expected documentIds of 32 hex digits');
  expect(error).not.toContain('robin');
});

test('an altered document leaves no file, and the others are saved; an outage of the store ends the command', async () => {
  const failing = (error: Error) =>
    async function* (documentId: string) {
      yield Buffer.from('x');
      if (documentId === A) throw error;
    };
  const altered = await setup(failing(new AlteredDocument('it is altered')));
  expect(await altered.run('documents', 'save', 'POL-1', '--to', altered.to)).toBe(1);
  expect(await readdir(altered.to)).toEqual(['unity-b.pdf']);
  const outage = await setup(failing(new StoreUnavailable('EIO', 'read')));
  expect(await outage.run('documents', 'save', 'POL-1', '--to', outage.to)).toBe(3);
  expect(await readdir(outage.to)).toEqual([]);
});

test('saves a ZIP file once', async () => {
  const { run, folder, calls } = await setup();
  const file = join(folder, 'all.zip');
  expect(await run('documents', 'zip', 'POL-1', '--out', file)).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('zip');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await run('documents', 'zip', 'POL-1', '--out', file)).toBe(1);
  expect(calls.at(-1)).toEqual(['openZip', 'POL-1', { who: 'cli:tester' }]);
});
