import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine } from '../../../src/cli/operator/command-line';
import type { Operator } from '../../../src/cli/operator/operator';
import { AuditUnavailable } from '../../../src/observability/audit';
import { openErasureRecords } from '../../../src/report-store/erasure-records';
import { operatorOf } from './fixture';
import { saidOfWrongUsage } from './wrong-usage';

async function setup(given: Partial<Operator> = {}) {
  const fixture = await operatorOf(given);
  return {
    ...fixture,
    isHeld: (clientUserId: string) => openErasureRecords(fixture.store).isHeld(clientUserId),
    run: (...argv: string[]) => {
      const { act, json } = readCommandLine(argv);
      fixture.out.length = 0;
      return act({ ...fixture.operator, json });
    },
  };
}

test('what is held is held until it is released, and both stand in the audit log with who and why', async () => {
  const { run, isHeld, said, audited, out } = await setup();
  expect(await run('hold', 'POL-1', '--reason-code', 'case-17')).toBe(0);
  expect(said()).toContain('POL-1: held');
  expect([await isHeld('POL-1'), await isHeld('POL-10')]).toEqual([true, false]);
  expect(await run('release', 'POL-1')).toBe(0);
  expect(said()).toContain('POL-1: released');
  expect(await isHeld('POL-1')).toBe(false);
  expect(audited).toEqual([
    { who: 'cli:tester', did: 'hold', clientUserId: 'POL-1', detail: 'case-17' },
    { who: 'cli:tester', did: 'release', clientUserId: 'POL-1' },
  ]);
  expect(out).toEqual([]);
});

test('to release what is not held is a failure, and says so', async () => {
  const { run, said, out } = await setup();
  expect(await run('release', 'POL-1')).toBe(1);
  expect(said()).toContain('POL-1: not held');
  expect(await run('release', 'POL-1', '--json')).toBe(1);
  expect(out.map((line) => JSON.parse(line))).toEqual([{ clientUserId: 'POL-1', result: 'not held' }]);
});

test('holds shows one line each, the later of two for the same applicant, and JSON lines where asked', async () => {
  const { run, out, said } = await setup();
  expect(await run('holds')).toBe(0);
  expect([out, said()]).toEqual([[], expect.stringContaining('0 holds')]);
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
  expect(said()).toContain('2 holds');
  expect(await run('holds', '--json')).toBe(0);
  expect(out.map((line) => JSON.parse(line).reasonCode)).toEqual(['GDPR:art-18/2', 'case-2']);
});

test('a hold that was damaged holds', async () => {
  const { run, isHeld, out, folder } = await setup();
  const holds = join(folder, 'reports', '.chartway', 'holds');
  await mkdir(holds, { recursive: true });
  await writeFile(join(holds, 'POL-1.json'), '{"reasonCode":');
  expect(await isHeld('POL-1')).toBe(true);
  expect(await run('holds')).toBe(0);
  expect(out).toEqual(['POL-1  unreadable  unknown  unknown']);
});

test('what cannot be recorded is not done', async () => {
  const unwritable = async () => ({ record: () => Promise.reject(new AuditUnavailable('full')) });
  const { run, isHeld, operator, store } = await setup();
  const held = readCommandLine(['hold', 'POL-1', '--reason-code', 'c']).act({ ...operator, audit: unwritable });
  await expect(held).rejects.toThrow(AuditUnavailable);
  expect([await isHeld('POL-1'), await store.shelf.list('')]).toEqual([false, []]);
  await run('hold', 'POL-1', '--reason-code', 'c');
  const released = readCommandLine(['release', 'POL-1']).act({ ...operator, audit: unwritable });
  await expect(released).rejects.toThrow(AuditUnavailable);
  expect(await isHeld('POL-1')).toBe(true);
});

test.each([
  ['no applicant', ['hold', '--reason-code', 'c'], /missing required argument 'clientUserId'/],
  ['no reason code', ['hold', 'POL-1'], /required option '--reason-code <code>' not specified/],
  ['words about a person', ['hold', 'POL-1', '--reason-code', 'Robin sued us'], /expected 1 to 100 letters/],
  ['an id outside its alphabet', ['hold', '../POL-1', '--reason-code', 'c'], /expected .*letters/],
  ['an id outside its alphabet to release', ['release', 'POL 1'], /expected .*letters/],
  ['two ids', ['release', 'POL-1', 'POL-2'], /too many arguments/],
  ['an argument to holds', ['holds', 'POL-1'], /too many arguments/],
])('%s is wrong usage, and what was given is not repeated', (_, argv, expected) => {
  const said = saidOfWrongUsage(argv);
  expect(said).toMatch(expected);
  expect(said).not.toContain('Robin');
});
