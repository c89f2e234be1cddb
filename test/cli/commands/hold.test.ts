import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { erasureRecordsOf } from '../../support/erasure-records';
import { createFixture } from './fixture';

async function setup() {
  const fixture = await createFixture();
  const isHeld = (clientUserId: string) => erasureRecordsOf(fixture.store).isHeld(clientUserId);
  return { ...fixture, isHeld };
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
  const { run, messages, printed } = await setup();
  expect(await run('release', 'POL-1')).toBe(1);
  expect(messages()).toContain('POL-1: not held');
  expect(await run('release', 'POL-1', '--json')).toBe(1);
  expect(printed()).toEqual([{ clientUserId: 'POL-1', result: 'not held' }]);
});

test('lists the latest hold of each applicant, as text or JSON lines', async () => {
  const { run, out, printed, messages } = await setup();
  expect(await run('holds')).toBe(0);
  expect([out, messages()]).toEqual([[], expect.stringContaining('0 holds')]);
  expect(await run('hold', 'POL-2', '--reason-code', 'case-1', '--json')).toBe(0);
  const holdLine = {
    clientUserId: 'POL-2',
    reasonCode: 'case-1',
    who: 'cli:tester',
    at: expect.stringMatching(/^20\S+Z$/),
  };
  expect(printed()).toEqual([{ result: 'held', ...holdLine }]);
  await run('hold', 'POL-1', '--reason-code', 'GDPR:art-18/2');
  await run('hold', 'POL-2', '--reason-code', 'case-2');
  expect(await run('holds')).toBe(0);
  expect(out).toEqual([
    expect.stringMatching(/^POL-1 {2}GDPR:art-18\/2 {2}20\S+Z {2}cli:tester$/),
    expect.stringMatching(/^POL-2 {2}case-2 {2}20\S+Z {2}cli:tester$/),
  ]);
  expect(messages()).toContain('2 holds');
  expect(await run('holds', '--json')).toBe(0);
  expect(printed().map(({ reasonCode }) => reasonCode)).toEqual(['GDPR:art-18/2', 'case-2']);
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
