import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileEncryption, NO_ENCRYPTION } from '../../src/domain/encryption';
import type { StoredDocument } from '../../src/domain/reports';
import { createFolderStore } from '../../src/report-store/folder/store';
import { documentFile } from '../../src/report-store/layout';
import type { ReportStore } from '../../src/report-store/port';
import { generateKey } from '../../src/temporal/key-ring';
import { useFolders } from '../support/folders';
import { cipherOf } from '../support/keys';
import { sha256 } from '../support/stored';
import { FaultyDisk } from './faulty-disk';
import { change, documentToStore, pdf, pieces } from './fixtures';

const [FIRST, SECOND] = [pdf('first '.repeat(2_000)), pdf('second '.repeat(3_000))];
const FILE = documentFile(documentToStore().report, 'pdf');
const SECOND_FILE = documentFile(documentToStore().report, 'pdf', sha256(SECOND));
const LONG_AGO = new Date(Date.now() - 25 * 3_600_000);
const ENCRYPTED: FileEncryption = { cipher: cipherOf(generateKey('k1')), encrypts: true };

const save = (store: ReportStore, body: string) => store.save(documentToStore(), pieces(body, 8_000));

interface Scenario {
  readonly prepare: (store: ReportStore) => Promise<unknown>;
  /** The fault happens during this. */
  readonly work: (store: ReportStore) => Promise<unknown>;
  /** The current document that the manifest lists at the end: its file and content. */
  readonly result: readonly [string, string] | null;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'the first document': { prepare: async () => undefined, work: saveAndRecord(FIRST), result: [FILE, FIRST] },
  'a repeated document': { prepare: saveAndRecord(FIRST), work: saveAndRecord(FIRST), result: [FILE, FIRST] },
  'a version with other bytes': {
    prepare: saveAndRecord(FIRST),
    work: saveAndRecord(SECOND),
    result: [SECOND_FILE, SECOND],
  },
  'the closing': {
    prepare: saveAndRecord(FIRST),
    work: (store) => store.updateManifest(change({ outcome: 'collected', closedAt: '2026-03-02T00:00:00.000Z' })),
    result: [FILE, FIRST],
  },
  'a write to the shelf': {
    prepare: (store) => store.shelf.put('sweeps/list.json', Buffer.from(FIRST)),
    work: (store) => store.shelf.put('sweeps/list.json', Buffer.from(SECOND)),
    result: null,
  },
};

function saveAndRecord(body: string) {
  return async (store: ReportStore) => {
    const entry = await save(store, body);
    await store.updateManifest(change({ documents: [entry] }));
  };
}

/** They write a document, a manifest and a file of the shelf. */
const FULL_DISK_SCENARIOS = ['the first document', 'a write to the shelf'];

const newFolder = useFolders();
let disk: FaultyDisk;

beforeEach(() => {
  disk = new FaultyDisk();
});

afterEach(() => disk.remove());

/** Expects whole files under final names, and a manifest that matches them. Returns its documents. */
async function expectWholeFiles(store: ReportStore): Promise<readonly StoredDocument[]> {
  const manifest = await store.readManifest('POL-1');
  for (const { file } of manifest?.documents ?? []) {
    const all: Uint8Array[] = [];
    for await (const piece of store.readDocument('POL-1', file)) all.push(piece);
    expect([FIRST, SECOND]).toContain(Buffer.concat(all).toString());
  }
  const shelfFile = await store.shelf.get('sweeps/list.json');
  if (shelfFile !== null) expect([FIRST, SECOND]).toContain(shelfFile.toString());
  return manifest?.documents ?? [];
}

/** Returns the contents of the documents with a final name, in clear. */
async function finalBytes(store: string): Promise<string[]> {
  const entries = await readdir(join(store, 'POL-1'), { recursive: true }).catch(() => []);
  return Promise.all(
    entries.filter((name) => name.endsWith('.pdf')).map((name) => readFile(join(store, 'POL-1', name), 'utf8')),
  );
}

async function incomingFiles(store: string): Promise<string[]> {
  return readdir(join(store, '.incoming')).catch(() => []);
}

/** Runs the scenario with a fault from this call on. Returns false if the scenario ends before the fault. */
async function runWithFault(
  scenario: Scenario,
  call: number,
  code: string,
  lasting: boolean,
  encryption: FileEncryption,
): Promise<boolean> {
  const root = await newFolder();
  const store = createFolderStore(root, encryption);
  await store.init();
  await scenario.prepare(store);
  disk.break({ from: call, lasting, code });
  const failure = await scenario.work(store).then(
    () => null,
    (error: Error) => error,
  );
  disk.repair();
  const failed = [...disk.failed];
  const context = { call, code, failed };

  if (failure)
    expect({ ...context, name: failure.name, message: failure.message }).toEqual({
      ...context,
      name: 'StoreUnavailable',
      message: expect.not.stringContaining('secret'),
    });
  await expectWholeFiles(store);
  if (!encryption.encrypts) for (const bytes of await finalBytes(root)) expect([FIRST, SECOND]).toContain(bytes);
  const removal = failed.some((call) => call === 'rm' || call === 'rmdir' || call === 'unlink');
  if (!removal) expect({ ...context, drafts: await incomingFiles(root) }).toEqual({ ...context, drafts: [] });

  // Makes the lock of a dead process expire.
  const lock = join(root, 'POL-1', '.manifest.json.lock');
  await utimes(lock, LONG_AGO, LONG_AGO).catch(() => undefined);
  await scenario.work(store);
  const documents = await expectWholeFiles(store);
  if (scenario.result !== null) {
    const [file, content] = scenario.result;
    const current = documents.filter(({ superseded }) => !superseded);
    expect({ ...context, current }).toMatchObject({ ...context, current: [{ file, sha256: sha256(content) }] });
  }
  for (const name of await incomingFiles(root)) await utimes(join(root, '.incoming', name), LONG_AGO, LONG_AGO);
  await store.check();
  expect(await incomingFiles(root)).toEqual([]);
  return failed.length > 0;
}

describe.each(Object.entries(SCENARIOS))('a disk that fails at any call during %s', (name, scenario) => {
  it.each([
    ['EIO once, in clear', 'EIO', false, NO_ENCRYPTION],
    // The same calls in the other scenarios.
    ...(FULL_DISK_SCENARIOS.includes(name)
      ? [['ENOSPC until there is space, encrypted', 'ENOSPC', true, ENCRYPTED] as const]
      : []),
  ] as const)(
    'shows no partial file, and a repeat of the work succeeds: %s',
    async (_name, code, lasting, encryption) => {
      let call = 1;
      while (await runWithFault(scenario, call, code, lasting, encryption)) call += 1;
      expect(call).toBeGreaterThan(10);
    },
  );
});

test('the check of the store writes bytes, because a full disk accepts empty files', async () => {
  const store = createFolderStore(await newFolder());
  await store.init();
  const failed: string[] = [];
  do {
    disk.break({ from: failed.length + 1, lasting: false, code: 'ENOSPC' });
    const check = await Promise.allSettled([store.check()]);
    failed.push(...disk.failed);
    if (disk.failed[0]?.startsWith('file.write')) expect(check).toMatchObject([{ status: 'rejected' }]);
  } while (disk.failed.length > 0);
  expect(failed).toEqual(expect.arrayContaining(['file.writeFile', 'file.sync']));
});
