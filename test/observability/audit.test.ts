import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditHead, AuditUnavailable, openAudit } from '../../src/observability/audit';
import { pruneAudit } from '../../src/observability/audit-keep';
import { headsIn, verifyAudit } from '../../src/observability/audit-verify';
import { auditProcess, closeCommandAudit } from '../../src/process/audit-process';
import { createAuditKeys } from '../../src/temporal/audit-keys';
import { fc } from '../support/property';

const folders: string[] = [];
const audits: { close(): Promise<void> }[] = [];
afterAll(async () => {
  await Promise.all(audits.map((audit) => audit.close()));
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function setup(options: { readonly now?: () => Date; readonly partMaxBytes?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'chartway-audit-'));
  folders.push(folder);
  const audit = await openAudit({ folder, process: 'worker', ...options });
  audits.push(audit);
  const files = async () => (await readdir(folder)).sort();
  const acts = async (many: number) => {
    for (let n = 1; n <= many; n += 1) await audit.record({ who: 'cli:max', did: 'read', clientUserId: `POL-${n}` });
  };
  const head = (): AuditHead => {
    const told = audit.head();
    if (!told) throw new Error('expected a head');
    return told;
  };
  return { folder, audit, files, acts, head };
}

async function verdict(folder: string, heads: readonly AuditHead[] = []) {
  const { chains, missing } = await verifyAudit(folder, heads);
  return { broken: chains.flatMap(({ broken }) => broken ?? []), ends: chains.map(({ end }) => end), missing };
}

test('what is recorded stands in the log as lines of known fields, for nobody else to read, and verifies', async () => {
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
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['closed'], missing: [] });
});

test('an id that is none is refused, and nothing of it is written', async () => {
  const { audit, files } = await setup();
  await expect(audit.record({ who: 'cli:max', did: 'read', clientUserId: 'max at home' })).rejects.toThrow(TypeError);
  expect(await files()).toEqual([]);
});

test('lines recorded at once make one chain in the order in which they came', async () => {
  const { folder, audit, head } = await setup();
  await Promise.all(
    Array.from({ length: 200 }, (_, n) => audit.record({ who: 'w', did: 'read', clientUserId: `P${n}` })),
  );
  expect(head().lines).toBe(200);
  expect(await verdict(folder, [head()])).toEqual({ broken: [], ends: ['open'], missing: [] });
});

test('a new file begins by size and by day, and the chain goes on through them', async () => {
  let day = 1;
  const { folder, acts, files, head } = await setup({ partMaxBytes: 600, now: () => new Date(Date.UTC(2026, 0, day)) });
  await acts(4);
  const bySize = (await files()).length;
  expect(bySize).toBeGreaterThan(1);
  day = 2;
  await acts(1);
  expect(await files()).toHaveLength(bySize + 1);
  expect(await verdict(folder, [head()])).toEqual({ broken: [], ends: ['open'], missing: [] });
});

test('where the log cannot be written the act is refused, and the next chain is whole again', async () => {
  const { folder, audit, acts } = await setup({ partMaxBytes: 1 });
  await acts(1);
  const aside = `${folder}-aside`;
  await rename(folder, aside);
  await expect(audit.record({ who: 'w', did: 'read' })).rejects.toThrow(AuditUnavailable);
  await rename(aside, folder);
  await acts(2);
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['open', 'open'], missing: [] });
  await writeFile(join(folder, 'a-file'), '');
  await expect(openAudit({ folder: join(folder, 'a-file'), process: 'worker' })).rejects.toThrow(AuditUnavailable);
});

test('a line that a kill tore is told apart from one that was tampered with, and a cut tail shows by a head', async () => {
  const { folder, acts, files, head } = await setup();
  await acts(3);
  const path = join(folder, (await files())[0] ?? '');
  const whole = await readFile(path);
  const third = whole.lastIndexOf('\n', whole.length - 2) + 1;
  for (let cut = third + 1; cut < whole.length; cut += 1) {
    await writeFile(path, whole.subarray(0, cut));
    expect([cut, await verdict(folder)]).toEqual([cut, { broken: [], ends: ['torn'], missing: [] }]);
  }
  expect((await verdict(folder, [head()])).missing).toMatchObject([{ why: expect.stringMatching('there are 2') }]);
  await writeFile(path, Buffer.concat([whole.subarray(0, third), Buffer.alloc(500)]));
  expect(await verdict(folder)).toMatchObject({ broken: [], ends: ['torn'] });
  await writeFile(path, Buffer.concat([whole.subarray(0, third), Buffer.from('{"n":3,"before":"not the hash')]));
  expect(await verdict(folder)).toMatchObject({ broken: [{ line: 3 }] });
  await writeFile(path, whole.subarray(0, third));
  expect(await verdict(folder)).toMatchObject({ broken: [], ends: ['open'] });
  expect((await verdict(folder, [head()])).missing).toHaveLength(1);
});

/** One way of tampering with the lines of whole files. */
const TAMPERING = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat(255) }),
  fc.record({ kind: fc.constantFrom('delete', 'repeat', 'swap', 'blank', 'insert'), line: fc.nat(9) }),
);

function tampered(bytes: Buffer, how: { kind: string; at?: number; to?: number; line?: number }): Buffer {
  if (how.kind === 'byte') {
    const changed = Buffer.from(bytes);
    const at = Math.min(bytes.length - 1, Math.floor((how.at ?? 0) * bytes.length));
    changed[at] = (how.to ?? 0) === changed[at] ? (changed[at] ?? 0) ^ 1 : (how.to ?? 0);
    return changed;
  }
  const lines = bytes.toString('latin1').split('\n').slice(0, -1);
  // Whole lines taken off the end are the business of the heads.
  const line = (how.line ?? 0) % (lines.length - 1);
  const [it = '', next = ''] = lines.slice(line, line + 2);
  if (how.kind === 'delete') lines.splice(line, 1);
  if (how.kind === 'repeat') lines.splice(line, 0, it);
  if (how.kind === 'swap') lines.splice(line, 2, next, it);
  if (how.kind === 'blank') lines.splice(line, 0, '');
  if (how.kind === 'insert') lines.splice(line, 0, it.replace('POL', 'XYZ'));
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}

test('every change of a byte, and every line taken out, put in, doubled or moved, is found in its file', async () => {
  const { folder, audit, acts, files } = await setup({ partMaxBytes: 1_500 });
  await acts(15);
  await audit.close();
  const names = await files();
  expect(names.length).toBeGreaterThan(1);
  await fc.assert(
    fc.asyncProperty(fc.nat(names.length - 1), TAMPERING, async (index, how) => {
      const path = join(folder, names[index] ?? '');
      const whole = await readFile(path);
      await writeFile(path, tampered(whole, how));
      try {
        const { broken } = await verdict(folder);
        expect(broken).toHaveLength(1);
      } finally {
        await writeFile(path, whole);
      }
    }),
    { numRuns: 200 },
  );
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['closed'], missing: [] });
}, 30_000);

test('the first broken link is named by file and line', async () => {
  const { folder, acts, files } = await setup();
  await acts(5);
  const [file = ''] = await files();
  const text = await readFile(join(folder, file), 'utf8');
  await writeFile(join(folder, file), text.replace('POL-3', 'POL-9'));
  expect(await verdict(folder)).toMatchObject({ broken: [{ file, line: 3, why: expect.stringMatching('hash') }] });
});

test('a file that is renamed, taken out of the middle, or away altogether, is missed', async () => {
  const { folder, acts, files, head } = await setup({ partMaxBytes: 300 });
  await acts(6);
  const [, second = '', third] = await files();
  await rename(join(folder, second), join(folder, 'kept'));
  expect(await verdict(folder)).toMatchObject({ broken: [{ file: third, line: 1 }] });
  await rename(join(folder, 'kept'), join(folder, second));
  for (const file of await files()) {
    await rename(join(folder, file), join(folder, file.replace(/-[0-9a-f]{8}\./, '-00000000.')));
  }
  expect(await verdict(folder)).toMatchObject({ broken: [{ line: 1 }] });
  for (const file of await files()) await rm(join(folder, file));
  expect(await verdict(folder, [head()])).toMatchObject({ broken: [], missing: [{ why: 'its file is not there' }] });
});

test('a chain that was written anew with other lines does not bear out the head that was kept', async () => {
  const { folder, acts, files, head } = await setup();
  await acts(2);
  const kept = head();
  const [file = ''] = await files();
  const other = await setup();
  await other.audit.record({ who: 'w', did: 'read' });
  await rm(join(folder, file));
  await rename(join(other.folder, (await other.files())[0] ?? ''), join(folder, file));
  expect((await verdict(folder, [kept])).broken).toHaveLength(1);
  expect(headsIn(`x\n{"event":"ready"}\n${JSON.stringify(kept)}\nhalf "audit-head" {`)).toEqual([kept]);
});

test('a chain is removed as a whole once it is too old, the log tells so, and its heads are not missed', async () => {
  const old = await setup();
  await old.acts(1);
  const kept = old.head();
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
  expect(await verdict(old.folder, [kept])).toEqual({ broken: [], ends: ['open'], missing: [] });
});

test('a command whose last line cannot be written says so and ends as it would have, because what it did is recorded', async () => {
  const { folder, audit, acts } = await setup({ partMaxBytes: 1 });
  await acts(1);
  await rename(folder, `${folder}-aside`);
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  await closeCommandAudit(Promise.resolve(audit), say);
  expect(said).toEqual([
    expect.stringMatching(/^the last line of the audit log cannot be written \(ENOENT\); .*AUDIT_LOG$/),
  ]);
  await rename(`${folder}-aside`, folder);
  expect(await verdict(folder)).toEqual({ broken: [], ends: ['open'], missing: [] });
  // One that was never opened, or could not be, has nothing to close.
  await closeCommandAudit(undefined, say);
  await closeCommandAudit(Promise.reject(new AuditUnavailable('no')), say);
  expect(said).toHaveLength(1);
});

test('a process that may not be without its audit log is told which variable to mend, any other goes on and records nothing', async () => {
  const { folder } = await setup();
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const log = { error: jest.fn(), warn: jest.fn() };
  const settings = { folder: join(file, 'audit'), keepMs: 1, keys: createAuditKeys('worker', null, null) };
  const options = { settings, process: 'worker', names: [], log };
  await expect(auditProcess({ ...options, required: true })).rejects.toThrow(/AUDIT_LOG.*a folder that can be made/s);
  const audit = await auditProcess(options);
  expect(log.error).toHaveBeenCalledTimes(1);
  await expect(audit.record({ who: 'worker', did: 'erase' })).rejects.toThrow(AuditUnavailable);
});
