import { renameSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCommandAudit } from '../../src/cli/command-audit';
import { type AuditCheckpoint, AuditUnavailable, openAudit } from '../../src/observability/audit';
import { pruneAudit } from '../../src/observability/audit-keep';
import { parseCheckpoints, verifyAudit } from '../../src/observability/audit-verify';
import { openProcessAudit } from '../../src/process/audit-process';
import { createAuditKeys } from '../../src/temporal/audit-keys';
import { useFolders } from '../support/folders';
import { fc } from '../support/property';

const audits: { close(): Promise<void> }[] = [];
afterAll(() => Promise.all(audits.map((audit) => audit.close())));
const newFolder = useFolders();

async function setup(options: { readonly now?: () => Date; readonly partMaxBytes?: number } = {}) {
  const folder = await newFolder();
  const audit = await openAudit({ folder, process: 'worker', ...options });
  audits.push(audit);
  const files = async () => (await readdir(folder)).sort();
  const acts = async (many: number) => {
    for (let n = 1; n <= many; n += 1) await audit.record({ who: 'cli:max', did: 'read', clientUserId: `POL-${n}` });
  };
  const checkpoint = (): AuditCheckpoint => {
    const end = audit.checkpoint();
    if (!end) throw new Error('expected a checkpoint');
    return end;
  };
  return { folder, audit, files, acts, checkpoint };
}

async function verdict(folder: string, checkpoints: readonly AuditCheckpoint[] = []) {
  const { chains, mismatches } = await verifyAudit(folder, checkpoints);
  return { broken: chains.flatMap(({ broken }) => broken ?? []), ends: chains.map(({ end }) => end), mismatches };
}

test('records lines of known fields in a private file, which verifies', async () => {
  const { folder, audit, files } = await setup();
  await audit.record({ who: 'cli:max', did: 'start', clientUserId: 'POL-1', authorizationReference: 'AUTH/7' });
  await audit.record({ who: 'reader', did: 'open-document', documentId: 'r-1', ...{ email: 'max@example.org' } });
  await audit.close();
  const [file = ''] = await files();
  const text = await readFile(join(folder, file), 'utf8');
  expect(
    text
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { n: 1, process: 'worker', who: 'cli:max', did: 'start', clientUserId: 'POL-1', authorizationReference: 'AUTH/7' },
    { n: 2, process: 'worker', who: 'reader', did: 'open-document', documentId: 'r-1' },
  ]);
  expect(text).not.toMatch('example.org');
  expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['closed'], mismatches: [] });
});

test('rejects an invalid id and writes nothing', async () => {
  const { audit, files } = await setup();
  await expect(audit.record({ who: 'cli:max', did: 'read', clientUserId: 'max at home' })).rejects.toThrow(TypeError);
  expect(await files()).toEqual([]);
});

test('concurrent entries form one chain in their order', async () => {
  const { folder, audit, checkpoint } = await setup();
  await Promise.all(
    Array.from({ length: 200 }, (_, n) => audit.record({ who: 'w', did: 'read', clientUserId: `P${n}` })),
  );
  expect(checkpoint().lines).toBe(200);
  expect(await verdict(folder, [checkpoint()])).toEqual({ broken: [], ends: ['open'], mismatches: [] });
});

test('a chain gets a new file by size and by day', async () => {
  let day = 1;
  const { folder, acts, files, checkpoint } = await setup({
    partMaxBytes: 600,
    now: () => new Date(Date.UTC(2026, 0, day)),
  });
  await acts(4);
  const bySize = (await files()).length;
  expect(bySize).toBeGreaterThan(1);
  day = 2;
  await acts(1);
  expect(await files()).toHaveLength(bySize + 1);
  expect(await verdict(folder, [checkpoint()])).toEqual({ broken: [], ends: ['open'], mismatches: [] });
});

test('rejects an act that cannot be recorded, and then starts a new valid chain', async () => {
  const { folder, audit, acts } = await setup({ partMaxBytes: 1 });
  await acts(1);
  const moved = `${folder}-moved`;
  await rename(folder, moved);
  await expect(audit.record({ who: 'w', did: 'read' })).rejects.toThrow(AuditUnavailable);
  await rename(moved, folder);
  await acts(2);
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['open', 'open'], mismatches: [] });
  await writeFile(join(folder, 'a-file'), '');
  await expect(openAudit({ folder: join(folder, 'a-file'), process: 'worker' })).rejects.toThrow(AuditUnavailable);
});

test('a full disk leaves no file without a line', async () => {
  const { folder, audit, acts, files } = await setup();
  const handle = await open(folder);
  const prototype: Pick<FileHandle, 'appendFile'> = Object.getPrototypeOf(handle);
  await handle.close();
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  const append = jest.spyOn(prototype, 'appendFile').mockRejectedValue(full);
  for (const did of ['read', 'list'] as const) await expect(audit.record({ who: 'w', did })).rejects.toThrow('ENOSPC');
  expect(await files()).toEqual([]);
  append.mockRestore();
  await acts(1);
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['open'], mismatches: [] });
});

test('distinguishes an interrupted line from a changed one, and finds cut lines by a checkpoint', async () => {
  const { folder, acts, files, checkpoint } = await setup();
  await acts(3);
  const path = join(folder, (await files())[0] ?? '');
  const whole = await readFile(path);
  const third = whole.lastIndexOf('\n', whole.length - 2) + 1;
  for (let cut = third + 1; cut < whole.length; cut += 1) {
    await writeFile(path, whole.subarray(0, cut));
    expect([cut, await verdict(folder)]).toEqual([cut, { broken: [], ends: ['torn'], mismatches: [] }]);
  }
  expect((await verdict(folder, [checkpoint()])).mismatches).toMatchObject([{ why: expect.stringContaining('got 2') }]);
  await writeFile(path, Buffer.concat([whole.subarray(0, third), Buffer.alloc(500)]));
  expect(await verdict(folder)).toMatchObject({ broken: [], ends: ['torn'] });
  await writeFile(path, Buffer.concat([whole.subarray(0, third), Buffer.from('{"n":3,"before":"not the hash')]));
  expect(await verdict(folder)).toMatchObject({ broken: [{ line: 3 }] });
  await writeFile(path, whole.subarray(0, third));
  expect(await verdict(folder)).toMatchObject({ broken: [], ends: ['open'] });
  expect((await verdict(folder, [checkpoint()])).mismatches).toHaveLength(1);
});

/** A change to a complete file. */
const CHANGE = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat(255) }),
  fc.record({ kind: fc.constantFrom('delete', 'repeat', 'swap', 'blank', 'insert'), line: fc.nat(9) }),
);

function applyChange(bytes: Buffer, change: { kind: string; at?: number; to?: number; line?: number }): Buffer {
  if (change.kind === 'byte') {
    const changed = Buffer.from(bytes);
    const at = Math.min(bytes.length - 1, Math.floor((change.at ?? 0) * bytes.length));
    changed[at] = (change.to ?? 0) === changed[at] ? (changed[at] ?? 0) ^ 1 : (change.to ?? 0);
    return changed;
  }
  const lines = bytes.toString('latin1').split('\n').slice(0, -1);
  // Only checkpoints reveal complete lines cut off the end.
  const line = (change.line ?? 0) % (lines.length - 1);
  const [current = '', next = ''] = lines.slice(line, line + 2);
  if (change.kind === 'delete') lines.splice(line, 1);
  if (change.kind === 'repeat') lines.splice(line, 0, current);
  if (change.kind === 'swap') lines.splice(line, 2, next, current);
  if (change.kind === 'blank') lines.splice(line, 0, '');
  if (change.kind === 'insert') lines.splice(line, 0, current.replace('POL', 'XYZ'));
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}

test('finds every changed byte, and every line that is removed, added, repeated or moved', async () => {
  const { folder, audit, acts, files } = await setup({ partMaxBytes: 1_500 });
  await acts(15);
  await audit.close();
  const names = await files();
  expect(names.length).toBeGreaterThan(1);
  await fc.assert(
    fc.asyncProperty(fc.nat(names.length - 1), CHANGE, async (index, change) => {
      const path = join(folder, names[index] ?? '');
      const whole = await readFile(path);
      await writeFile(path, applyChange(whole, change));
      try {
        const { broken } = await verdict(folder);
        expect(broken).toHaveLength(1);
      } finally {
        await writeFile(path, whole);
      }
    }),
    { numRuns: 200 },
  );
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['closed'], mismatches: [] });
});

test('finds a file that is renamed, or removed from the middle or the whole folder', async () => {
  const { folder, acts, files, checkpoint } = await setup({ partMaxBytes: 300 });
  await acts(6);
  const [, second = '', third] = await files();
  await rename(join(folder, second), join(folder, 'saved'));
  expect(await verdict(folder)).toMatchObject({ broken: [{ file: third, line: 1 }] });
  await rename(join(folder, 'saved'), join(folder, second));
  for (const file of await files()) {
    await rename(join(folder, file), join(folder, file.replace(/-[0-9a-f]{8}\./, '-00000000.')));
  }
  expect(await verdict(folder)).toMatchObject({ broken: [{ line: 1 }] });
  for (const file of await files()) await rm(join(folder, file));
  expect(await verdict(folder, [checkpoint()])).toMatchObject({
    broken: [],
    mismatches: [{ why: 'its file does not exist' }],
  });
});

test('a checkpoint does not match a chain that was written again with other lines', async () => {
  const { folder, acts, files, checkpoint } = await setup();
  await acts(2);
  const kept = checkpoint();
  const [file = ''] = await files();
  const other = await setup();
  await other.audit.record({ who: 'w', did: 'read' });
  await rm(join(folder, file));
  await rename(join(other.folder, (await other.files())[0] ?? ''), join(folder, file));
  expect((await verdict(folder, [kept])).broken).toHaveLength(1);
  expect(parseCheckpoints(`x\n{"event":"ready"}\n${JSON.stringify(kept)}\nhalf "audit-head" {`)).toEqual([kept]);
});

test('prunes a whole chain that is too old, records that, and does not miss its checkpoints', async () => {
  const old = await setup();
  await old.acts(1);
  const kept = old.checkpoint();
  await old.audit.close();
  const [file = ''] = await old.files();
  const longAgo = new Date(Date.now() - 10_000);
  await utimes(join(old.folder, file), longAgo, longAgo);
  const audit = await openAudit({ folder: old.folder, process: 'worker' });
  audits.push(audit);
  const prune = (keepMs: number) => pruneAudit({ folder: old.folder, keepMs, audit, process: 'worker' });
  expect(await prune(60_000)).toEqual([]);
  expect(await prune(5_000)).toEqual([file.split('.')[0]]);
  expect(await old.files()).toHaveLength(1);
  expect(await verdict(old.folder, [kept])).toEqual({ broken: [], ends: ['open'], mismatches: [] });
});

test('does not prune the chain that records the removal, even if it is old', async () => {
  const { folder, audit, acts, files } = await setup();
  await acts(1);
  const longAgo = new Date(Date.now() - 60_000);
  for (const file of await files()) await utimes(join(folder, file), longAgo, longAgo);
  expect(await pruneAudit({ folder, keepMs: 30_000, audit, process: 'worker' })).toEqual([]);
});

test('starts a new valid chain if its file was removed', async () => {
  const { folder, acts, files } = await setup();
  await acts(1);
  for (const file of await files()) await rm(join(folder, file));
  await acts(1);
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['open'], mismatches: [] });
});

test('a command whose last line cannot be written reports that and keeps its status, because its acts are recorded', async () => {
  const { folder } = await setup();
  const written: string[] = [];
  const settings = { folder, keepMs: 1_000, keys: createAuditKeys('starter', null, null) };
  const command = { settings, process: 'starter', names: ['A'] } as const;
  const open: typeof openAudit = (options) => openAudit({ ...options, partMaxBytes: 1 });
  const audit = createCommandAudit({ ...command, open, write: (text) => void written.push(text) });
  await audit.close(); // not opened
  await audit.open();
  await rename(folder, `${folder}-aside`);
  await audit.close();
  await rename(`${folder}-aside`, folder);
  expect(written).toEqual([expect.stringMatching(/^all acts are recorded, but the closing line .* \(ENOENT\): /)]);
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['open'], mismatches: [] });
  const failing = createCommandAudit({
    ...command,
    write: (text) => void written.push(text),
    open: () => Promise.reject(new AuditUnavailable('no')),
  });
  await expect(failing.open()).rejects.toThrow(AuditUnavailable);
  await failing.close();
});

test('a process that requires its audit log reports AUDIT_LOG; any other runs and rejects acts', async () => {
  const { folder } = await setup();
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const log = { error: jest.fn(), warn: jest.fn() };
  const settings = { folder: join(file, 'audit'), keepMs: 1, keys: createAuditKeys('worker', null, null) };
  const options = { settings, process: 'worker', names: [], log };
  await expect(openProcessAudit({ ...options, required: true })).rejects.toThrow(/AUDIT_LOG.*a writable folder/s);
  const audit = await openProcessAudit(options);
  expect(log.error).toHaveBeenCalledTimes(1);
  await expect(audit.record({ who: 'worker', did: 'erase' })).rejects.toThrow(AuditUnavailable);
});

test('a process that requires its audit log starts although its first line is not written, and rejects acts until the disk works', async () => {
  const { folder } = await setup();
  const log = { error: jest.fn(), warn: jest.fn() };
  const settings = { folder, keepMs: 1_000, keys: createAuditKeys('worker', null, null) };
  // Called after the log is opened, before its first line.
  const takeAway = () => {
    renameSync(folder, `${folder}-away`);
    return 'A';
  };
  const names = Object.assign(['A'], { join: takeAway });
  const audit = await openProcessAudit({ settings, required: true, process: 'worker', names, log });
  expect(log.error).toHaveBeenCalledTimes(1);
  const erase = { who: 'worker', did: 'erase-begin', clientUserId: 'POL-1' } as const;
  await expect(audit.record(erase)).rejects.toThrow(AuditUnavailable);
  await rename(`${folder}-away`, folder);
  await audit.record(erase);
  const print = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await audit.close();
  expect(print).toHaveBeenCalledWith(expect.stringContaining('"audit-head"'));
  print.mockRestore();
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['closed'], mismatches: [] });
});
