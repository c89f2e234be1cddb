import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditCheckpoint, openAudit } from '../../../src/observability/audit';
import { createAuditKeys } from '../../../src/temporal/audit-keys';
import { generateKey, parseKeyRing } from '../../../src/temporal/key-ring';
import { runProcess, useBuild } from '../../support/processes';
import { createFixture } from './fixture';

useBuild();

const unsigned = (chains: number) =>
  `${chains} of them ${chains === 1 ? 'has' : 'have'} no key: anyone with write access to the folder can have written them\n`;

/** An audit folder with one closed chain per process, of that many lines and the last one. */
async function setup(processes: Readonly<Record<string, number>> = { starter: 5 }) {
  const fixture = await createFixture();
  const folder = fixture.context.auditFolder;
  const checkpoints: AuditCheckpoint[] = [];
  for (const [name, starts] of Object.entries(processes)) {
    const audit = await openAudit({ folder, process: name });
    for (let n = 1; n <= starts; n += 1)
      await audit.record({ who: 'cli:tester', did: 'start', clientUserId: `POL-${name}-${n}` });
    const checkpoint = audit.checkpoint();
    if (checkpoint) checkpoints.push(checkpoint);
    await audit.close();
  }
  const files = (await readdir(folder)).sort();
  return {
    ...fixture,
    folder,
    checkpoints,
    files,
    first: files[0] ?? '',
    change: async (file: string, change: (text: string) => string) => {
      const path = join(folder, file);
      await writeFile(path, change(await readFile(path, 'utf8')));
    },
    verify: async (...args: string[]) => {
      const before = fixture.messages().length;
      const status = await fixture.run('audit', 'verify', ...args);
      return { status, out: fixture.out.join('\n'), messages: fixture.messages().slice(before) };
    },
  };
}

test('an unchanged folder: one line per chain, status 0', async () => {
  const { verify } = await setup({ starter: 5, worker: 1 });
  const { status, out, messages } = await verify();
  expect(status).toBe(0);
  expect(out).toMatch(
    /^holds {2}\S+-starter-\S+ {2}6 lines, no key; its process stopped normally\nholds {2}\S+-worker-/,
  );
  expect(messages).toBe(`2 of 2 chains hold\n${unsigned(2)}`);
});

test('reports the first invalid line of a chain with file and line, status 1; a file verifies its chain alone', async () => {
  const { folder, verify, files, change } = await setup({ starter: 3, webhook: 2, worker: 1 });
  const [good = '', changed = ''] = files;
  await change(changed, (text) => text.replace('POL-webhook-1', 'POL-webhook-8'));
  const { status, out, messages } = await verify();
  expect([status, out.match(/^holds/gm)?.length]).toEqual([1, 2]);
  expect(out).toContain(`BROKEN  ${changed}  line 1: its hash does not match its content`);
  expect(messages).toMatch(/^2 of 3 chains hold\neach line before the first invalid line of a chain is unchanged/);
  expect(await verify(join(folder, good))).toMatchObject({ status: 0, messages: `1 of 1 chains hold\n${unsigned(1)}` });
  expect((await verify(join(folder, changed))).status).toBe(1);
});

test('--heads reveals lines that were cut off and a file that was removed', async () => {
  const { folder, verify, first, checkpoints, change } = await setup();
  const log = join(folder, '..', 'stdout.log');
  const lines = checkpoints.map((checkpoint) => JSON.stringify(checkpoint));
  await writeFile(log, ['{"event":"ready","process":"worker","addresses":[]}', ...lines, 'more'].join('\n'));
  const matching = `1 of 1 chains hold; 1 of 1 checkpoints match\n${unsigned(1)}`;
  expect(await verify('--heads', log)).toMatchObject({ status: 0, messages: matching });
  await change(first, (text) => `${text.split('\n').slice(0, 3).join('\n')}\n`);
  expect(await verify()).toMatchObject({ status: 0, out: expect.stringContaining('3 lines, no key; not closed') });
  const cut = await verify('--heads', log);
  expect(cut).toMatchObject({ status: 1, messages: expect.stringContaining('0 of 1 checkpoints match') });
  expect(cut.out).toContain(`MISSING  ${first}  line 5: expected 5 lines of its chain, got 3: its end was cut off`);
  await rm(join(folder, first));
  const removed = { status: 1, out: expect.stringContaining('its file does not exist') };
  expect(await verify('--heads', log)).toMatchObject(removed);
});

test('an incomplete last line is explained, and the chain holds', async () => {
  const { verify, first, change } = await setup();
  await change(first, (text) => text.slice(0, text.indexOf('POL-starter-5')));
  const out = expect.stringMatching(/4 lines, no key; its last line is incomplete, .* never acknowledged/);
  expect(await verify()).toMatchObject({ status: 0, out });
});

test('if a key is set, a chain without one is unproven (status 2), unless it began before --unkeyed-before', async () => {
  const { context, verify } = await setup({ starter: 2 });
  Object.assign(context, { auditKeys: createAuditKeys('verifier', parseKeyRing(generateKey('audit')), null) });
  const { status, out, messages } = await verify();
  expect([status, out]).toEqual([
    2,
    expect.stringMatching(/^UNPROVEN {2}\S+-starter-\S+ {2}3 lines, no key, but a key/),
  ]);
  expect(messages).toMatch(/^0 of 1 chains hold\n.*--unkeyed-before <date>/);
  expect(await verify('--unkeyed-before', '2000-01-01')).toMatchObject({ status: 2 });
  expect(await verify('--unkeyed-before', '9000-01-01')).toMatchObject({ status: 0 });
});

test('an empty chain proves nothing: status 2', async () => {
  const { verify, first, change } = await setup({ starter: 2, worker: 1 });
  await change(first, () => '');
  const { status, out, messages } = await verify();
  expect([status, out]).toEqual([2, expect.stringContaining(`EMPTY  ${first}  it has no complete line`)]);
  expect(messages).toMatch(/^1 of 2 chains hold\na chain without a complete line: /);
});

test('a file that cannot be read is not verified: status 2, and the other chains are reported', async () => {
  const { folder, verify, first } = await setup({ starter: 3, worker: 1 });
  await rm(join(folder, first));
  // A folder, because root can read every file.
  await mkdir(join(folder, first));
  const { status, out, messages } = await verify();
  expect(status).toBe(2);
  expect(out).toContain(`UNREAD  ${first}  it cannot be read (EISDIR)`);
  expect(out).toContain('holds');
  expect(messages).toMatch('1 of 2 chains hold\na file that cannot be read is not verified');
});

test('nothing to verify (an empty folder, no folder, another file, no checkpoints) is status 2', async () => {
  const { folder, verify, first } = await setup();
  const empty = join(folder, 'empty');
  await mkdir(empty);
  expect(await verify(empty)).toMatchObject({ status: 2, messages: expect.stringContaining('nothing to verify') });
  expect(await verify(join(folder, 'nowhere'))).toMatchObject({
    status: 2,
    messages: expect.stringContaining('ENOENT'),
  });
  const other = join(folder, 'a-file');
  await writeFile(other, 'no audit');
  expect(await verify(other)).toMatchObject({ status: 2, messages: expect.stringContaining('ENOTDIR') });
  expect(await verify(join(folder, first.replace('.0001.', '-x.')))).toMatchObject({ status: 2 });
  const noCheckpoints = { status: 2, out: '', messages: expect.stringContaining('got none') };
  expect(await verify('--heads', other)).toMatchObject(noCheckpoints);
});

test('as a process, verifies AUDIT_LOG and prints messages or JSON, with the same status', async () => {
  const { folder, first, change } = await setup();
  const run = (...args: string[]) =>
    runProcess('chartway', folder, { AUDIT_LOG: folder }, ['audit', 'verify', ...args]);
  expect(await run()).toMatchObject({ status: 0, stderr: `1 of 1 chains hold\n${unsigned(1)}` });
  await change(first, (text) => text.replace('starter-2', 'starter-7'));
  const { status, lines } = await run('--json');
  expect([status, lines.map((line) => JSON.parse(line))]).toMatchObject([1, [{ broken: { file: first, line: 2 } }]]);
});
