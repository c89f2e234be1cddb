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

async function setup(
  read: (documentId: string) => AsyncGenerator<Uint8Array> = text,
  overrides: Parameters<typeof createFakeFixture>[1] = {},
) {
  const fixture = await createFakeFixture(
    {
      documents: async () => ({ items: ALL, missing: [MISSING], asOf: AT }),
      openDocument: async (_, documentId) => {
        const document = ALL.find((each) => each.documentId === documentId);
        if (!document) throw new NotFound('no document');
        return { document, fileName: `unity-${documentId}.pdf`, read: () => read(documentId) };
      },
      openZip: async () => text('zip'),
    },
    overrides,
  );
  return { ...fixture, to: join(fixture.folder, 'saved') };
}

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content.slice(0, 1));
  yield Buffer.from(content.slice(1));
}

test('lists the documents, then the missing ones with the reason in place of the version', async () => {
  const { run, out, printed, messages } = await setup();
  expect(await run('documents', 'list', 'POL-1')).toBe(0);
  const at = '2026-12-01T08:00:00Z';
  expect(out[0]).toBe(`current\tunity\tpdf\t${A}\tMarzipan Infirmary\t4\t${at}\t${at}`);
  expect(out.slice(3)).toEqual(['not-listed\tccdraw\tjson\t-\tMarzipan Infirmary\t-\t-\t-']);
  expect(messages()).toBe('3 documents, 1 missing\n');
  expect(await run('documents', 'list', 'POL-1', '--json')).toBe(0);
  expect(printed()).toEqual([...ALL, { documentId: null, ...MISSING }]);
});

test('saves the current documents as private files; an existing file stays and fails the command', async () => {
  const { run, to, printed, messages, calls } = await setup();
  expect(await run('documents', 'save', 'POL-1', '--to', to, '--json')).toBe(0);
  expect(await readdir(to)).toEqual([`unity-${A}.pdf`, `unity-${B}.pdf`]);
  expect(printed()[0]).toEqual({ documentId: A, file: join(to, `unity-${A}.pdf`), bytes: 32 });
  expect([(await stat(to)).mode & 0o777, (await stat(join(to, `unity-${A}.pdf`))).mode & 0o777]).toEqual([
    0o700, 0o600,
  ]);
  await writeFile(join(to, `unity-${A}.pdf`), 'mine');
  expect(await run('documents', 'save', 'POL-1', A, OLD, 'f'.repeat(32), '--to', to)).toBe(1);
  expect(await readFile(join(to, `unity-${A}.pdf`), 'utf8')).toBe('mine');
  expect(await readFile(join(to, `unity-${OLD}.pdf`), 'utf8')).toBe(OLD);
  expect(messages()).toContain(
    `${A}: not saved: expected to create a new file, but ${join(to, `unity-${A}.pdf`)} exists`,
  );
  // Its opening would be recorded.
  expect(calls.filter(([name, , id]) => name === 'openDocument' && id === A)).toHaveLength(1);
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
  expect(await readdir(altered.to)).toEqual([`unity-${B}.pdf`]);
  const outage = await setup(failing(new StoreUnavailable('EIO', 'read')));
  expect(await outage.run('documents', 'save', 'POL-1', '--to', outage.to)).toBe(3);
  expect(await readdir(outage.to)).toEqual([]);
});

test('saves a ZIP file once', async () => {
  const { run, folder, calls, messages } = await setup();
  const file = join(folder, 'all.zip');
  expect(await run('documents', 'zip', 'POL-1', '--out', file)).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('zip');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await run('documents', 'zip', 'POL-1', '--out', file)).toBe(1);
  expect(calls).toEqual([['openZip', 'POL-1', { who: 'cli:tester' }]]);
  expect(messages()).toContain(`${file} exists`);
});

test('fits what decides into 100 columns', async () => {
  const { out, run } = await setup(undefined, { screen: { columns: 100, hasColor: false } });
  expect(await run('documents', 'list', 'POL-1')).toBe(0);
  expect(out[1]).toMatch(new RegExp(`^current +unity +pdf +${A}  Marzipan Infirmary `));
  expect(Math.max(...out.map((line) => line.length))).toBe(100);
});
