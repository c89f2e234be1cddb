import { type FileHandle, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '../../../src/cli/commands/context';
import { documentIdOf } from '../../../src/report-store/document-id';
import { createFolderStore } from '../../../src/report-store/folder/store';
import type { ReportStore } from '../../../src/report-store/port';
import { generateKey } from '../../../src/temporal/key-ring';
import { change, documentToStore, pdf, pieces } from '../../report-store/fixtures';
import { cipherOf } from '../../support/keys';
import { runProcess, useBuild } from '../../support/processes';
import { createFixture } from './fixture';

const BODY = pdf('\u0000\u00ff binary '.repeat(20_000));
const KEY = generateKey('k1');

useBuild();

async function setup(overrides: Partial<CommandContext> = {}) {
  const fixture = await createFixture(overrides);
  const cipher = cipherOf(KEY);
  const root = join(fixture.folder, 'reports');
  const store = createFolderStore(root, { cipher, encrypts: true });
  const entry = await store.save(documentToStore(), pieces(BODY, 50_000));
  await store.updateManifest(change({ documents: [entry] }));
  return {
    ...fixture,
    store,
    root,
    entry,
    run: (args: string[], by: ReportStore = store) => {
      Object.assign(fixture.context, { reportStore: () => by });
      return fixture.run('document', ...args);
    },
  };
}

test('writes a document, decrypted, to a new private file, and records its id', async () => {
  const { folder, root, entry, run, audited } = await setup();
  const out = join(folder, 'out.pdf');
  expect((await readFile(join(root, 'POL-1', entry.file))).includes('%PDF-1.4')).toBe(false);
  expect(await run(['POL-1', entry.file, '--out', out])).toBe(0);
  expect(await readFile(out, 'utf8')).toBe(BODY);
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const documentId = documentIdOf(entry.file);
  expect(audited).toEqual([{ who: 'cli:tester', did: 'open-document', clientUserId: 'POL-1', documentId }]);
});

test('--json requires --out, and reports what was written', async () => {
  const { folder, entry, run, printed } = await setup({ json: true });
  expect(await run(['POL-1', entry.file])).toBe(2);
  const file = join(folder, 'out.pdf');
  expect(await run(['POL-1', entry.file, '--out', file])).toBe(0);
  expect(printed()).toEqual([{ clientUserId: 'POL-1', file: entry.file, out: file, bytes: Buffer.byteLength(BODY) }]);
});

test.each([
  ['a name that the manifest does not list', '../POL-2/manifest.json', /name of a document/],
  ['no name', '', /name of a document/],
])('rejects %s', async (_, file, expected) => {
  const { run, messages, audited } = await setup();
  expect(await run(['POL-1', file])).toBe(1);
  expect(messages()).toMatch(expected);
  expect(audited).toEqual([]);
});

test('writes no document that is altered, or without its key, or over an existing file', async () => {
  const { folder, root, entry, run, messages, audited } = await setup();
  const out = join(folder, 'out.pdf');
  const keyless = createFolderStore(root, { cipher: null, encrypts: false });
  expect(await run(['POL-1', entry.file, '--out', out], keyless)).toBe(1);
  expect(messages()).toContain('PAYLOAD_KEYS');
  await writeFile(out, 'mine');
  expect(await run(['POL-1', entry.file, '--out', out])).toBe(1);
  expect(await readFile(out, 'utf8')).toBe('mine');
  expect(audited).toHaveLength(1);

  const path = join(root, 'POL-1', entry.file);
  const bytes = await readFile(path);
  bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
  await writeFile(path, bytes);
  const fresh = join(folder, 'fresh.pdf');
  expect(await run(['POL-1', entry.file, '--out', fresh])).toBe(1);
  expect(messages()).toContain('altered');
  expect(await readdir(folder)).not.toContain('fresh.pdf');
  expect(audited).toHaveLength(1);
});

test('an interruption during the copy leaves no file', async () => {
  const stopping = new AbortController();
  const { folder, store, entry, run } = await setup({ signal: stopping.signal });
  const readings: string[] = [];
  const interrupted: ReportStore = {
    ...store,
    async *readDocument(clientUserId, file) {
      readings.push(file);
      for await (const chunk of store.readDocument(clientUserId, file)) {
        if (readings.length === 2) stopping.abort();
        yield chunk;
      }
    },
  };
  const out = join(folder, 'out.pdf');
  expect(await run(['POL-1', entry.file, '--out', out], interrupted)).toBe(130);
  expect([readings.length, await readdir(folder)]).toEqual([2, expect.not.arrayContaining(['out.pdf'])]);
});

test('a disk that is full when the file is closed leaves no file', async () => {
  const { folder, entry, run, messages } = await setup();
  const probe = await open(join(folder, 'probe'), 'wx');
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { writeFile: write } = handles;
  jest.spyOn(handles, 'writeFile').mockImplementation(function (this: FileHandle, ...args) {
    const { close } = this;
    this.close = async () => {
      await close();
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    return write.apply(this, args);
  });
  try {
    expect(await run(['POL-1', entry.file, '--out', join(folder, 'out.pdf')])).toBe(1);
  } finally {
    jest.restoreAllMocks();
  }
  expect(messages()).toContain('expected to write the file, got ENOSPC');
  expect(await readdir(folder)).not.toContain('out.pdf');
});

test('as a process, prints the manifest and a document with the keys of the environment', async () => {
  const { folder, root, entry } = await setup();
  const env = { REPORT_STORE: root, PAYLOAD_KEYS: KEY, AUDIT_LOG: join(folder, 'audit') };
  const manifest = await runProcess('chartway', folder, env, ['document', 'POL-1', 'manifest.json']);
  expect(manifest).toMatchObject({ status: 0, stderr: expect.stringMatching(/^\{"event":"audit-head".*\}\n$/) });
  expect(JSON.parse(manifest.lines.join('\n'))).toMatchObject({ clientUserId: 'POL-1', documents: [entry] });
  const document = await runProcess('chartway', folder, env, ['document', 'POL-1', entry.file]);
  expect(document.status).toBe(0);
  expect(`${document.lines.join('\n')}\n`).toBe(BODY);
});
