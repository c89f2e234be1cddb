import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredDocument } from '../../src/domain/reports';
import { createFolderStore } from '../../src/report-store/folder/store';
import { documentFile } from '../../src/report-store/layout';
import type { AtRest, ReportStore } from '../../src/report-store/port';
import { createCipher, generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { FaultyDisk } from './faulty-disk';
import { change, documentToStore, pdf, pieces, sha256 } from './fixtures';

const [FIRST, SECOND] = [pdf('first '.repeat(2_000)), pdf('second '.repeat(3_000))];
const FILE = documentFile(documentToStore().report, 'pdf');
const LONG_AGO = new Date(Date.now() - 25 * 3_600_000);
const IN_CLEAR: AtRest = { seal: null, encrypts: false };
const ENCRYPTED: AtRest = { seal: sealOf(), encrypts: true };

function sealOf() {
  const ring = parseKeyRing(generateKey('k1'));
  if (!ring) throw new Error('expected a key');
  return createCipher(ring);
}

const save = (store: ReportStore, body: string) => store.save(documentToStore(), pieces(body, 8_000));

interface Scenario {
  /** What is there before. */
  readonly before: (store: ReportStore) => Promise<unknown>;
  /** What the fault meets. */
  readonly work: (store: ReportStore) => Promise<unknown>;
  /** What is there in the end, of documents that the manifest lists. */
  readonly ends: string | null;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'the first document': { before: async () => undefined, work: saveAndRecord(FIRST), ends: FIRST },
  'a document that comes again': { before: saveAndRecord(FIRST), work: saveAndRecord(FIRST), ends: FIRST },
  'a version with other bytes': { before: saveAndRecord(FIRST), work: (store) => save(store, SECOND), ends: SECOND },
  'the closing': {
    before: saveAndRecord(FIRST),
    work: (store) => store.updateManifest(change({ outcome: 'collected', closedAt: '2026-03-02T00:00:00.000Z' })),
    ends: FIRST,
  },
  'a file of the shelf': {
    before: (store) => store.shelf.put('sweeps/list.json', Buffer.from(FIRST)),
    work: (store) => store.shelf.put('sweeps/list.json', Buffer.from(SECOND)),
    ends: null,
  },
};

function saveAndRecord(body: string) {
  return async (store: ReportStore) => {
    const entry = await save(store, body);
    await store.updateManifest(change({ documents: [entry] }));
  };
}

let disk: FaultyDisk;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-faults-'));
  disk = new FaultyDisk();
});

afterEach(async () => {
  disk.remove();
  await rm(folder, { recursive: true });
});

/** What lies there under final names is whole, and the manifest, where there is one, is true of it. */
async function expectTruth(store: ReportStore): Promise<readonly StoredDocument[]> {
  const manifest = await store.readManifest('POL-1');
  for (const { file } of manifest?.documents ?? []) {
    const all: Uint8Array[] = [];
    for await (const piece of store.readDocument('POL-1', file)) all.push(piece);
    expect([FIRST, SECOND]).toContain(Buffer.concat(all).toString());
  }
  const listed = await store.shelf.get('sweeps/list.json');
  if (listed !== null) expect([FIRST, SECOND]).toContain(listed.toString());
  return manifest?.documents ?? [];
}

/** Documents that have their final name, in clear. */
async function finalBytes(store: string): Promise<string[]> {
  const entries = await readdir(join(store, 'POL-1'), { recursive: true }).catch(() => []);
  return Promise.all(
    entries.filter((name) => name.endsWith('.pdf')).map((name) => readFile(join(store, 'POL-1', name), 'utf8')),
  );
}

async function leftOvers(store: string): Promise<string[]> {
  return readdir(join(store, '.incoming')).catch(() => []);
}

async function suffer(
  scenario: Scenario,
  at: number,
  code: string,
  lasting: boolean,
  atRest: AtRest,
): Promise<boolean> {
  const root = join(folder, `${at}-${code}-${lasting}`);
  const store = createFolderStore(root, atRest);
  await store.init();
  await scenario.before(store);
  disk.break({ from: at, lasting, code });
  const failure = await scenario.work(store).then(
    () => null,
    (error: Error) => error,
  );
  disk.mend();
  const failed = [...disk.failed];
  const told = { at, code, failed };

  if (failure)
    expect({ ...told, name: failure.name, message: failure.message }).toEqual({
      ...told,
      name: 'StoreUnavailable',
      message: expect.not.stringContaining('secret'),
    });
  await expectTruth(store);
  if (!atRest.encrypts) for (const bytes of await finalBytes(root)) expect([FIRST, SECOND]).toContain(bytes);
  const removal = failed.some((call) => call === 'rm' || call === 'rmdir' || call === 'unlink');
  if (!removal) expect({ ...told, left: await leftOvers(root) }).toEqual({ ...told, left: [] });

  // What a dead holder leaves expires; here at once.
  const lock = join(root, 'POL-1', '.manifest.json.lock');
  await utimes(lock, LONG_AGO, LONG_AGO).catch(() => undefined);
  await scenario.work(store);
  const documents = await expectTruth(store);
  if (scenario.ends !== null) {
    expect({ ...told, documents }).toMatchObject({
      ...told,
      documents: [{ file: FILE, sha256: sha256(scenario.ends) }],
    });
  }
  for (const name of await leftOvers(root)) await utimes(join(root, '.incoming', name), LONG_AGO, LONG_AGO);
  await store.check();
  expect(await leftOvers(root)).toEqual([]);
  return failed.length > 0;
}

describe.each(Object.entries(SCENARIOS))('a disk that fails at any call under %s', (_, scenario) => {
  it.each([
    ['EIO once, in clear', 'EIO', false, IN_CLEAR],
    ['ENOSPC until there is room again, encrypted', 'ENOSPC', true, ENCRYPTED],
  ])(
    'shows nothing half, and the same work again goes on: %s',
    async (_name, code, lasting, atRest) => {
      let at = 1;
      while (await suffer(scenario, at, code, lasting, atRest)) at += 1;
      expect(at).toBeGreaterThan(10);
    },
    60_000,
  );
});
