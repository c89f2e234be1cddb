import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListedReport } from '../../src/domain/reports';
import { NotTheDocument, UnreadableManifest, WrongFolder } from '../../src/report-store/errors';
import { createFolderStore } from '../../src/report-store/folder/store';
import { documentFile } from '../../src/report-store/layout';
import { ORGANIZATION, sha256, storedDocument } from '../support/stored';
import { change, documentToStore, pdf, pieces, useStore } from './fixtures';

const V2 = '2026-03-02T10:00:00.000Z';
const setup = useStore();

function at(updatedAt: string | null): ListedReport {
  return { ...documentToStore().report, updatedAt };
}

describe('saving a document', () => {
  it('stores the exact bytes under the name of the layout and returns their entry', async () => {
    const { store, read, files } = await setup();
    const body = pdf('é'.repeat(3_000));
    const contentLength = Buffer.byteLength(body);
    const before = Date.now() - 1_000; // the file system has its own clock
    const entry = await store.save(
      documentToStore({ contentLength, contentType: 'application/pdf; v=1' }),
      pieces(body, 1_000),
    );
    expect(entry).toEqual({
      file: documentFile(documentToStore().report, 'pdf'),
      type: 'unity',
      organization: ORGANIZATION,
      format: 'pdf',
      reportId: 'report-1',
      updatedAt: '2026-03-01T10:00:00.000Z',
      seenAt: null,
      sha256: sha256(body),
      bytes: contentLength,
      contentType: 'application/pdf; v=1',
      storedAt: expect.any(String),
      superseded: false,
      round: 1,
    });
    expect(Date.parse(entry.storedAt)).toBeGreaterThanOrEqual(before);
    expect(await read(entry.file)).toBe(body);
    expect(await files()).toEqual([`POL-1/${entry.file}`]);
  });

  it.each([
    ['truncated', documentToStore(), '%PDF-1.4 cut'],
    ['shorter than announced', documentToStore({ contentLength: 999 }), pdf('x')],
    ['the page of a proxy', documentToStore({ contentType: 'text/html' }), '<html></html>'],
  ])('rejects a document that is %s, without leaving files', async (_, document, body) => {
    const { store, files } = await setup();
    await expect(store.save(document, pieces(body))).rejects.toThrow(NotTheDocument);
    expect(await files()).toEqual([]);
  });

  it('leaves no file of a stream that fails, and closes a stream of a wrong document', async () => {
    const { store, files } = await setup();
    async function* breaks() {
      yield Buffer.from('%PDF-1.4 ');
      throw new Error('other side closed');
    }
    await expect(store.save(documentToStore(), breaks())).rejects.toThrow('other side closed');
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield Buffer.from('no JSON');
      } finally {
        closed = true;
      }
    }
    const json = documentToStore({ format: 'json', contentType: 'application/json' });
    await expect(store.save(json, endless())).rejects.toThrow(NotTheDocument);
    expect(closed).toBe(true);
    expect(await files()).toEqual([]);
  });
});

describe('a repeated document', () => {
  it('with the same bytes under a later version adds no file, only a later seenAt', async () => {
    const { store, files } = await setup();
    const newest = await store.save(documentToStore(), pieces(pdf('same')));
    const again = await store.save(documentToStore({ report: at(V2), newest }), pieces(pdf('same')));
    expect(again).toEqual({ ...newest, seenAt: V2 });
    const late = await store.save(
      documentToStore({ report: at('2026-03-03T10:00:00'), newest: again }),
      pieces(pdf('same')),
    );
    expect(late).toEqual({ ...newest, seenAt: '2026-03-03T10:00:00' });
    expect(await files()).toHaveLength(1);
  });

  it('with other bytes under a later version supersedes the older one, which stays', async () => {
    const { store, read } = await setup();
    const first = await store.save(documentToStore(), pieces(pdf('first')));
    const second = await store.save(documentToStore({ report: at(V2), newest: first }), pieces(pdf('second')));
    const { documents } = await store.updateManifest(change({ documents: [second, first] }));
    expect(documents).toEqual([{ ...first, superseded: true }, second]);
    expect([await read(first.file), await read(second.file)]).toEqual([pdf('first'), pdf('second')]);
  });

  it('with the same bytes under an older version is stored as that version, so that it is not downloaded again', async () => {
    const { store, files } = await setup();
    const newest = await store.save(documentToStore({ report: at(V2) }), pieces(pdf('same')));
    const older = await store.save(documentToStore({ newest }), pieces(pdf('same')));
    expect(older).toMatchObject({ updatedAt: '2026-03-01T10:00:00.000Z', seenAt: null });
    expect(await files()).toHaveLength(2);
  });

  it('of an activity that ran twice returns the same entry, and writes no manifest', async () => {
    const { root, store, files } = await setup();
    const first = await store.save(documentToStore(), pieces(pdf('same')));
    await store.updateManifest(change({ documents: [{ ...first, seenAt: V2 }] }));
    const manifest = await stat(join(root, 'POL-1', 'manifest.json'));
    const second = await store.save(documentToStore({ newest: first }), pieces(pdf('same')));
    expect(second).toEqual(first);
    const { mtimeMs, ino } = await stat(join(root, 'POL-1', 'manifest.json'));
    expect({ mtimeMs, ino }).toEqual({ mtimeMs: manifest.mtimeMs, ino: manifest.ino });
    const { documents } = await store.updateManifest(change({ documents: [second] }));
    expect(documents).toEqual([{ ...first, seenAt: V2 }]);
    expect(await files()).toHaveLength(2);
  });

  it('with other bytes under the same version gets another file, and the one stored later is current', async () => {
    const { store, read, files } = await setup();
    const first = await store.save(documentToStore(), pieces(pdf('first')));
    const second = await store.save(documentToStore(), pieces(pdf('second')));
    const digits = sha256(pdf('second')).slice(0, 8);
    expect(second.file).toBe(first.file.replace(/\.pdf$/, `-${digits}.pdf`));
    expect([await read(first.file), await read(second.file)]).toEqual([pdf('first'), pdf('second')]);
    const { documents } = await store.updateManifest(change({ documents: [second, first] }));
    expect(documents.map(({ file, superseded }) => [file, superseded])).toEqual([
      [second.file, false],
      [first.file, true],
    ]);
    const again = await store.save(documentToStore(), pieces(pdf('second')));
    expect(again.file).toBe(second.file);
    expect(await files()).toHaveLength(3);
  });

  it('replaces a file that does not match the digest in its name, because it is damaged', async () => {
    const { root, store, read } = await setup();
    const first = await store.save(documentToStore(), pieces(pdf('first')));
    const second = await store.save(documentToStore(), pieces(pdf('second')));
    await writeFile(join(root, 'POL-1', second.file), '');
    expect((await store.save(documentToStore(), pieces(pdf('second')))).file).toBe(second.file);
    expect([await read(first.file), await read(second.file)]).toEqual([pdf('first'), pdf('second')]);
  });

  it('is stored again if its file was removed', async () => {
    const { root, store, read } = await setup();
    const newest = await store.save(documentToStore(), pieces(pdf('same')));
    await rm(join(root, 'POL-1', newest.file));
    const again = await store.save(documentToStore({ report: at(V2), newest }), pieces(pdf('same')));
    expect(await read(again.file)).toBe(pdf('same'));
  });
});

describe('the manifest', () => {
  it('is null before the first write, then what was written', async () => {
    const { store, read } = await setup();
    expect(await store.readManifest('POL-1')).toBeNull();
    const written = await store.updateManifest(change({ outcome: 'expired', reason: 'invitation-expired' }));
    expect(await store.readManifest('POL-1')).toEqual(written);
    expect(JSON.parse(await read('manifest.json'))).toEqual(written);
    const { clientUserId, closedAt } = written;
    const refresh = { kind: 'refresh', clientUserId, closedAt, refreshedAt: V2, documents: [], missing: [] } as const;
    expect(await store.updateManifest(refresh)).toEqual({ ...written, refreshedAt: V2 });
  });

  it('of another clientUserId blocks its folder for reading, writing and documents', async () => {
    const { root, store, files } = await setup();
    await store.updateManifest(change({ clientUserId: 'pol-1' }));
    // As on a case-insensitive file system.
    await mkdir(join(root, 'POL-1'));
    await writeFile(join(root, 'POL-1', 'manifest.json'), await readFile(join(root, 'pol-1', 'manifest.json')));
    const before = await files();
    await expect(store.readManifest('POL-1')).rejects.toThrow(WrongFolder);
    await expect(store.updateManifest(change())).rejects.toThrow(WrongFolder);
    await expect(store.save(documentToStore(), pieces(pdf('x')))).rejects.toThrow(WrongFolder);
    expect(await files()).toEqual(before);
  });

  it('is not written if another writer holds the lock longer than the caller waits', async () => {
    const { root, store } = await setup();
    const before = await store.updateManifest(change());
    await writeFile(join(root, 'POL-1', '.manifest.json.lock'), 'another writer');
    const waiting = store.updateManifest(change({ outcome: 'failed' }), { waitAtMostMs: 20 });
    await expect(waiting).rejects.toThrow('for 0.02 s');
    expect(await store.readManifest('POL-1')).toEqual(before);
  });

  it('with many documents is not read to its end for each new one', async () => {
    const { root, store } = await setup();
    const documents = Array.from({ length: 300 }, (_, index) => storedDocument({ reportId: `other-${index}` }));
    await store.updateManifest(change({ documents }));
    const path = join(root, 'POL-1', 'manifest.json');
    await writeFile(path, (await readFile(path)).subarray(0, -100));
    await expect(store.readManifest('POL-1')).rejects.toThrow(UnreadableManifest);
    expect(await store.save(documentToStore(), pieces(pdf('x')))).toMatchObject({ reportId: 'report-1' });
  });
});

describe('a document of a new round', () => {
  it('with the bytes and the file of an earlier round belongs to the new round', async () => {
    const { store } = await setup();
    const first = await store.save(documentToStore(), pieces(pdf('x')));
    await store.updateManifest(change({ outcome: 'collected', documents: [first] }));
    const again = await store.save(documentToStore({ round: 2 }), pieces(pdf('x')));
    expect(again).toMatchObject({ file: first.file, round: 2 });
    const round = { round: 2, detailsRound: 2, revision: 1 };
    expect((await store.updateManifest(change({ ...round, documents: [] }))).documents).toMatchObject([
      { round: 1, superseded: true },
    ]);
    expect((await store.updateManifest(change({ ...round, revision: 2, documents: [again] }))).documents).toMatchObject(
      [{ round: 2, superseded: false }],
    );
  });
});

describe('the readiness check', () => {
  it('passes if the store can be written, and fails otherwise', async () => {
    const { root, store, files } = await setup();
    await store.check();
    expect(await files()).toEqual([]);
    await writeFile(join(root, 'a-file'), '');
    await expect(createFolderStore(join(root, 'a-file')).check()).rejects.toThrow();
  });

  it('removes drafts that a killed process left a day ago, and no other files', async () => {
    const { root, store } = await setup();
    const draftFolder = join(root, '.incoming');
    await mkdir(draftFolder, { recursive: true });
    const [old, young] = ['a'.repeat(32), 'b'.repeat(32)];
    for (const name of [old, young, 'other']) await writeFile(join(draftFolder, name), 'half');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    for (const name of [old, 'other']) await utimes(join(draftFolder, name), longAgo, longAgo);
    await store.check();
    expect((await readdir(draftFolder)).sort()).toEqual([young, 'other']);
  });

  it('is not needed for that: writers remove them too', async () => {
    const { root, store } = await setup();
    const left = join(root, '.incoming', 'a'.repeat(32));
    await mkdir(join(root, '.incoming'), { recursive: true });
    await writeFile(left, 'half');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(left, longAgo, longAgo);
    await store.updateManifest(change());
    expect(await readdir(join(root, '.incoming'))).toEqual([]);
  });
});
