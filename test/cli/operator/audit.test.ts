import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine } from '../../../src/cli/operator/command-line';
import { type AuditHead, openAudit } from '../../../src/observability/audit';
import { pruneAudit } from '../../../src/observability/audit-keep';
import { createAuditKeys } from '../../../src/temporal/audit-keys';
import { generateKey, parseKeyRing } from '../../../src/temporal/key-ring';
import { ensureBuilt, killLeftOvers, runProcess } from '../../support/processes';
import { operatorOf } from './fixture';
import { saidOfWrongUsage } from './wrong-usage';

beforeAll(ensureBuilt, 240_000);
afterAll(killLeftOvers);

const unkeyed = (chains: number) =>
  `${chains} of them without a key: anyone who can write the folder can have written them\n`;

/** A folder of the audit log with a closed chain of `starts` lines for each process, in the order given. */
async function setup(processes: Readonly<Record<string, number>> = { starter: 5 }, partMaxBytes?: number) {
  const about = await operatorOf();
  const folder = about.operator.auditFolder;
  const heads: AuditHead[] = [];
  for (const [name, starts] of Object.entries(processes)) {
    const audit = await openAudit({ folder, process: name, ...(partMaxBytes && { partMaxBytes }) });
    for (let n = 1; n <= starts; n += 1) {
      await audit.record({ who: 'cli:tester', did: 'start', clientUserId: `POL-${name}-${n}` });
    }
    const head = audit.head();
    if (head) heads.push(head);
    await audit.close();
  }
  const files = async () => (await readdir(folder)).sort();
  const [first = ''] = await files();
  return {
    ...about,
    folder,
    heads,
    files,
    first,
    change: async (file: string, change: (text: string) => string) => {
      const path = join(folder, file);
      await writeFile(path, change(await readFile(path, 'utf8')));
    },
    /** As `npm run audit -- verify` does it: the exit status, stdout and what was said. */
    verify: async (...args: string[]) => {
      about.out.length = 0;
      const before = about.said().length;
      const status = await readCommandLine(['audit', 'verify', ...args]).act(about.operator);
      return { status, out: about.out.join('\n'), said: about.said().slice(before) };
    },
  };
}

test('a folder that is as it was written holds: one line a chain, status 0', async () => {
  const { verify } = await setup({ starter: 5, worker: 1 });
  const { status, out, said } = await verify();
  expect(status).toBe(0);
  expect(out).toMatch(/^holds {2}\S+-starter-\S+ {2}6 lines, no key; closed in order\nholds {2}\S+-worker-/);
  expect(said).toBe(`2 of 2 chains hold\n${unkeyed(2)}`);
});

test.each<[string, (lines: string[]) => string[], line: number, why: string]>([
  ['a changed byte', (lines) => lines.map((line) => line.replace('starter-3', 'starter-9')), 3, 'it was changed after'],
  ['a line taken out', (lines) => lines.filter((_, index) => index !== 2), 3, 'taken out, put in or moved'],
  ['a line put in', (lines) => lines.toSpliced(1, 0, '{"did":"read"}'), 2, 'it is none: it was damaged, or put in'],
  ['a line behind the end', (lines) => lines.toSpliced(6, 0, lines[5] ?? ''), 7, 'nothing behind the closed end'],
])('%s is the first broken link, by file and line, with what it means: status 1', async (_, change, line, why) => {
  const { verify, first, change: changed } = await setup();
  await changed(first, (text) => change(text.split('\n')).join('\n'));
  const { status, out, said } = await verify();
  expect(status).toBe(1);
  expect(out).toContain(`BROKEN  ${first}  line ${line}: `);
  expect(out).toContain(why);
  expect(said).toMatch(/^0 of 1 chains hold\nbefore the first broken link of a chain each line is as it was written/);
});

test('of several chains each is told by itself, and one may be verified alone by a file of it', async () => {
  const { folder, verify, files, change } = await setup({ starter: 3, webhook: 2, worker: 1 });
  const [good = '', tampered = ''] = await files();
  await change(tampered, (text) => text.replace('POL-webhook-1', 'POL-webhook-8'));
  const { status, out, said } = await verify();
  expect([status, out.match(/^holds/gm)?.length]).toEqual([1, 2]);
  expect(out).toContain(`BROKEN  ${tampered}  line 1`);
  expect(said).toMatch('2 of 3 chains hold');
  expect(await verify(join(folder, good))).toMatchObject({ status: 0, said: `1 of 1 chains hold\n${unkeyed(1)}` });
  expect((await verify(join(folder, tampered))).status).toBe(1);
});

test('two files that changed places, one that was renamed and one that was taken away are named', async () => {
  const { folder, verify, files } = await setup({ starter: 9 }, 600);
  const [one = '', two = '', three = ''] = await files();
  const move = async (...names: string[]) => {
    for (const [index, name] of names.slice(1).entries())
      await rename(join(folder, names[index] ?? ''), join(folder, name));
  };
  await move(one, 'aside');
  await move(two, one);
  await move('aside', two);
  expect((await verify()).out).toMatch(
    new RegExp(`^BROKEN {2}${one} {2}line 1: expected line 1 of its chain, it says`),
  );
  await move(one, 'aside');
  await move(two, one);
  await move('aside', two);
  expect((await verify()).status).toBe(0);
  await move(two, 'aside');
  expect(await verify()).toMatchObject({
    status: 1,
    out: `BROKEN  ${three}  line 1: expected part 2 of its chain before it: a file was taken away or renamed`,
  });
});

test('a tail that was cut off shows by a head that was kept, and by nothing else', async () => {
  const { folder, verify, first, heads, change } = await setup();
  const log = join(folder, '..', 'stdout.log');
  const lines = heads.map((head) => JSON.stringify(head));
  await writeFile(log, ['{"event":"ready","process":"worker","addresses":[]}', ...lines, 'more'].join('\n'));
  expect(await verify('--heads', log)).toMatchObject({
    status: 0,
    said: `1 of 1 chains hold; 1 of 1 checkpoints match\n${unkeyed(1)}`,
  });
  await change(first, (text) => `${text.split('\n').slice(0, 3).join('\n')}\n`);
  expect(await verify()).toMatchObject({ status: 0, out: expect.stringMatching('3 lines, no key; not closed') });
  const { status, out, said } = await verify('--heads', log);
  expect([status, said]).toEqual([1, `1 of 1 chains hold; 0 of 1 checkpoints match\n${unkeyed(1)}`]);
  expect(out).toContain(`MISSING  ${first}  line 5: expected 5 lines of its chain, there are 3: its end was cut off`);
  await rm(join(folder, first));
  expect(await verify('--heads', log)).toMatchObject({
    status: 1,
    out: expect.stringMatching('its file is not there'),
  });
});

test('a last line that is torn is explained, and the chain holds', async () => {
  const { verify, first, change } = await setup();
  await change(first, (text) => text.slice(0, text.indexOf('POL-starter-5')));
  const { status, out } = await verify();
  expect([status, out]).toEqual([
    0,
    expect.stringMatching(
      /4 lines, no key; its last line is torn, as a kill in mid-write leaves it; that line was never acknowl/,
    ),
  ]);
});

test('with a key given, a chain without one is unproven (status 2), unless it began before the date that is given', async () => {
  const { operator, verify } = await setup({ starter: 2 });
  Object.assign(operator, { auditKeys: createAuditKeys('verifier', parseKeyRing(generateKey('audit')), null) });
  const { status, out, said } = await verify();
  expect([status, out]).toEqual([
    2,
    expect.stringMatching(/^UNPROVEN {2}\S+-starter-\S+ {2}3 lines, no key, though a key/),
  ]);
  expect(said).toMatch(/^0 of 1 chains hold\n.*--unkeyed-before <date>/);
  expect(await verify('--unkeyed-before', '2000-01-01')).toMatchObject({ status: 2 });
  expect(await verify('--unkeyed-before', '9000-01-01')).toMatchObject({
    status: 0,
    said: `1 of 1 chains hold\n${unkeyed(1)}`,
  });
  for (const text of ['yesterday', '2026-02-30', '2026-12', '2026-12-01T08:00']) {
    expect(saidOfWrongUsage(['audit', 'verify', '--unkeyed-before', text])).toMatch('Expected a date (2026-12-01)');
  }
});

test('a chain of a process that is none of ours was put in: status 1', async () => {
  const { verify, first } = await setup({ madeup: 1 });
  expect(await verify()).toMatchObject({
    status: 1,
    out: `BROKEN  ${first}  line 1: no process of Chartway is called madeup: its chain was put in`,
  });
});

test('a chain that was cut to nothing is empty, which is no proof: status 2', async () => {
  const { verify, first, change } = await setup({ starter: 2, worker: 1 });
  await change(first, () => '');
  const { status, out, said } = await verify();
  expect([status, out]).toEqual([2, expect.stringContaining(`EMPTY  ${first}  it has no whole line`)]);
  expect(said).toMatch(/^1 of 2 chains hold\na chain without a whole line is no proof of anything/);
});

test('what could not be read is not taken for right: status 2, with the file, and the other chains told', async () => {
  const { folder, verify, files } = await setup({ starter: 3, worker: 1 });
  const [first = ''] = await files();
  await rm(join(folder, first));
  // For whoever runs the tests no file may be forbidden; a folder cannot be read as one.
  await mkdir(join(folder, first));
  const { status, out, said } = await verify();
  expect(status).toBe(2);
  expect(out).toContain(`UNREAD  ${first}  it cannot be read (EISDIR)`);
  expect(out).toContain('holds');
  expect(said).toMatch('1 of 2 chains hold\nwhat could not be read is not known to hold');
});

test('nothing to verify is no proof: an empty folder, none, something else, and a log without heads end with status 2', async () => {
  const { folder, verify, first } = await setup();
  const empty = join(folder, 'empty');
  await mkdir(empty);
  expect(await verify(empty)).toMatchObject({ status: 2, said: expect.stringMatching('nothing to verify') });
  expect(await verify(join(folder, 'nowhere'))).toMatchObject({ status: 2, said: expect.stringMatching('ENOENT') });
  await writeFile(join(folder, 'a-file'), 'no audit');
  expect(await verify(join(folder, 'a-file'))).toMatchObject({ status: 2, said: expect.stringMatching('ENOTDIR') });
  expect(await verify(join(folder, first.replace('.0001.', '-x.')))).toMatchObject({ status: 2 });
  const noHeads = await verify('--heads', join(folder, 'a-file'));
  expect(noHeads).toMatchObject({ status: 2, out: '', said: expect.stringMatching('there are none') });
});

test('a line with a right hash that says no JSON is broken, whoever gave it the hash', async () => {
  const { folder, verify, first } = await setup({ starter: 1 });
  const lines = (await readFile(join(folder, first), 'utf8')).split('\n');
  const [, before] = /"hash":"([0-9a-f]{64})"\}$/.exec(lines[0] ?? '') ?? [];
  const body = `{"n":2,"before":"${before}",and so on`;
  const hash = createHash('sha256').update(body).digest('hex');
  await writeFile(join(folder, first), `${lines[0]}\n`);
  await appendFile(join(folder, first), `${body},"hash":"${hash}"}\n`);
  expect(await verify()).toMatchObject({ status: 1, out: expect.stringMatching('line 2: expected JSON, it is none') });
});

test('chains that went for their age are told by the log, and the one in which it is told stays, however old it is', async () => {
  const { folder, verify, files, heads } = await setup({ starter: 2 });
  const longAgo = new Date(Date.now() - 60_000);
  const audit = await openAudit({ folder, process: 'starter' });
  await audit.record({ who: 'cli:max', did: 'configure' });
  for (const file of await files()) await utimes(join(folder, file), longAgo, longAgo);
  const pruned = await pruneAudit({ folder, keepMs: 30_000, audit, process: 'starter', who: 'cli:max' });
  expect(pruned).toEqual([heads[0]?.file.split('.')[0]]);
  await audit.close();
  const log = join(folder, '..', 'stdout.log');
  await writeFile(log, heads.map((head) => JSON.stringify(head)).join('\n'));
  expect(await verify('--heads', log)).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^holds {2}\S+-starter-/),
  });
});

test('a process whose file was taken away goes on in a chain that can be found', async () => {
  const { folder, verify, files } = await setup();
  for (const file of await files()) await rm(join(folder, file));
  const audit = await openAudit({ folder, process: 'webhook' });
  await audit.record({ who: 'webhook', did: 'configure' });
  for (const file of await files()) await rm(join(folder, file));
  await audit.record({ who: 'webhook', did: 'read' });
  expect(await verify()).toMatchObject({ status: 0, out: expect.stringMatching('1 lines, no key') });
  await audit.close();
});

test('as a process it verifies AUDIT_LOG, in words and as JSON, with the same status', async () => {
  const { folder, first, change } = await setup();
  const run = (...args: string[]) =>
    runProcess('chartway', folder, { AUDIT_LOG: folder }, ['audit', 'verify', ...args]);
  expect(await run()).toMatchObject({ status: 0, said: `1 of 1 chains hold\n${unkeyed(1)}` });
  await change(first, (text) => text.replace('starter-2', 'starter-7'));
  const { status, lines } = await run('--json');
  expect([status, lines.map((line) => JSON.parse(line))]).toMatchObject([1, [{ broken: { file: first, line: 2 } }]]);
}, 60_000);
