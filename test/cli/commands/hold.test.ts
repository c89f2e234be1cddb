import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine } from '../../../src/cli/commands/command-line';
import type { CommandContext } from '../../../src/cli/commands/context';
import { AuditUnavailable } from '../../../src/observability/audit';
import { openErasureRecords } from '../../../src/report-store/erasure-records';
import { createFixture } from './fixture';
import { wrongUsageError } from './wrong-usage';

async function setup(given: Partial<CommandContext> = {}) {
  const fixture = await createFixture(given);
  return {
    ...fixture,
    isHeld: (clientUserId: string) => openErasureRecords(fixture.store).isHeld(clientUserId),
    run: (...argv: string[]) => {
      const { action, json } = readCommandLine(argv);
      fixture.out.length = 0;
      return action({ ...fixture.context, json });
    },
  };
}

test('holds an applicant until it is released, and records both with actor and reason', async () => {
  const { run, isHeld, messages, audited, out } = await setup();
  expect(await run('hold', 'POL-1', '--reason-code', 'case-17')).toBe(0);
  expect(messages()).toContain('POL-1: held');
  expect([await isHeld('POL-1'), await isHeld('POL-10')]).toEqual([true, false]);
  expect(await run('release', 'POL-1')).toBe(0);
  expect(messages()).toContain('POL-1: released');
  expect(await isHeld('POL-1')).toBe(false);
  expect(audited).toEqual([
    { who: 'cli:tester', did: 'hold', clientUserId: 'POL-1', detail: 'case-17' },
    { who: 'cli:tester', did: 'release', clientUserId: 'POL-1' },
  ]);
  expect(out).toEqual([]);
});

test('releasing an applicant that is not held fails', async () => {
  const { run, messages, out } = await setup();
  expect(await run('release', 'POL-1')).toBe(1);
  expect(messages()).toContain('POL-1: not held');
  expect(await run('release', 'POL-1', '--json')).toBe(1);
  expect(out.map((line) => JSON.parse(line))).toEqual([{ clientUserId: 'POL-1', result: 'not held' }]);
});

test('lists the latest hold of each applicant, as text or JSON lines', async () => {
  const { run, out, messages } = await setup();
  expect(await run('holds')).toBe(0);
  expect([out, messages()]).toEqual([[], expect.stringContaining('0 holds')]);
  expect(await run('hold', 'POL-2', '--reason-code', 'case-1', '--json')).toBe(0);
  const held = {
    clientUserId: 'POL-2',
    reasonCode: 'case-1',
    who: 'cli:tester',
    at: expect.stringMatching(/^20\S+Z$/),
  };
  expect(out.map((line) => JSON.parse(line))).toEqual([{ result: 'held', ...held }]);
  await run('hold', 'POL-1', '--reason-code', 'GDPR:art-18/2');
  await run('hold', 'POL-2', '--reason-code', 'case-2');
  expect(await run('holds')).toBe(0);
  expect(out).toEqual([
    expect.stringMatching(/^POL-1 {2}GDPR:art-18\/2 {2}20\S+Z {2}cli:tester$/),
    expect.stringMatching(/^POL-2 {2}case-2 {2}20\S+Z {2}cli:tester$/),
  ]);
  expect(messages()).toContain('2 holds');
  expect(await run('holds', '--json')).toBe(0);
  expect(out.map((line) => JSON.parse(line).reasonCode)).toEqual(['GDPR:art-18/2', 'case-2']);
});

test('a damaged hold still holds', async () => {
  const { run, isHeld, out, folder } = await setup();
  const holds = join(folder, 'reports', '.chartway', 'holds');
  await mkdir(holds, { recursive: true });
  await writeFile(join(holds, 'POL-1.json'), '{"reasonCode":');
  expect(await isHeld('POL-1')).toBe(true);
  expect(await run('holds')).toBe(0);
  expect(out).toEqual(['POL-1  unreadable  unknown  unknown']);
});

test('does not hold or release what cannot be recorded', async () => {
  const unwritable = async () => ({ record: () => Promise.reject(new AuditUnavailable('full')) });
  const { run, isHeld, context, store } = await setup();
  const held = readCommandLine(['hold', 'POL-1', '--reason-code', 'c']).action({ ...context, audit: unwritable });
  await expect(held).rejects.toThrow(AuditUnavailable);
  expect([await isHeld('POL-1'), await store.shelf.list('')]).toEqual([false, []]);
  await run('hold', 'POL-1', '--reason-code', 'c');
  const released = readCommandLine(['release', 'POL-1']).action({ ...context, audit: unwritable });
  await expect(released).rejects.toThrow(AuditUnavailable);
  expect(await isHeld('POL-1')).toBe(true);
});

test.each([
  ['no applicant', ['hold', '--reason-code', 'c'], /missing required argument 'clientUserId'/],
  ['no reason code', ['hold', 'POL-1'], /required option '--reason-code <code>' not specified/],
  ['text about a person', ['hold', 'POL-1', '--reason-code', 'Robin sued us'], /expected 1 to 100 letters/],
  ['an id outside its alphabet', ['hold', '../POL-1', '--reason-code', 'c'], /expected .*letters/],
  ['an id outside its alphabet to release', ['release', 'POL 1'], /expected .*letters/],
  ['two ids', ['release', 'POL-1', 'POL-2'], /too many arguments/],
  ['an argument to holds', ['holds', 'POL-1'], /too many arguments/],
])('%s is wrong usage, and the input is not quoted', (_, argv, expected) => {
  const messages = wrongUsageError(argv);
  expect(messages).toMatch(expected);
  expect(messages).not.toContain('Robin');
});
