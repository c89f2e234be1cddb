import { applicantTable } from '../../src/dev/applicant-table';
import { painter, wantsColours } from '../../src/dev/colours';
import { seenAs } from './seen-fixture';

const NOW_MS = new Date(2026, 3, 12, 12, 0, 0).getTime();
const plain = painter(false);
const waiting = seenAs({
  ...{ clientUserId: 'POL-20417', stage: 'invited', documents: 0 },
  ...{ waitingFor: 'the person to open the invitation', waitingUntilMs: NOW_MS + 30_000 },
  event: { atMs: NOW_MS - 12_000, text: 'Human API: Invited' },
});
const closed = seenAs({
  ...{ clientUserId: 'POL-20418', stage: 'closed', outcome: 'partial', reason: 'missing-documents', documents: 3 },
  event: { atMs: NOW_MS - 7_200_000, text: 'closed' },
});
const table = (columns: number, rows = 24, all = [waiting, closed]) =>
  applicantTable(all, { columns, rows, nowMs: NOW_MS, paint: plain });

test('a wide terminal is told everything of an applicant', () => {
  expect(table(140)).toEqual([
    expect.stringMatching(/^APPLICANT +STAGE +WAITING FOR +UNTIL +OUTCOME +DOCS +LAST EVENT$/),
    expect.stringMatching(
      /^POL-20417 +invited +the person to open the invitation +12:00:30 +0 +11:59:48 Human API: Invited$/,
    ),
    expect.stringMatching(/^POL-20418 +closed +partial \(missing-documents\) +3 +10:00:00 closed$/),
    '',
    '2 applicants: 1 open, 1 closed; 3 documents stored',
  ]);
});

test('80 columns are told what is waited for or what came out, and how long ago something happened', () => {
  const [titles, ...rows] = table(79);
  expect(titles).toMatch(/^APPLICANT +STAGE +WAITING FOR, OR OUTCOME +UNTIL +DOCS +AGO$/);
  expect(rows[0]).toMatch(/^POL-20417 +invited +the person to open the invita\S* +12:00:30 +0 +12s$/);
  expect(rows[1]).toMatch(/^POL-20418 +closed +partial \(missing-documents\) +3 +2h$/);
});

test('the columns follow the width of the terminal, not what happens to stand in them', () => {
  expect(table(79, 24, [seenAs({ ...closed, reason: null })])[0]).toContain('OR OUTCOME');
});

test.each([8, 20, 40, 60, 79, 100, 139, 200])('no line is wider than %d columns', (columns) => {
  const long = seenAs({ ...waiting, clientUserId: 'P'.repeat(100) });
  expect(Math.max(...table(columns, 24, [long, closed]).map((line) => line.length))).toBeLessThanOrEqual(columns);
});

test('where there is no room for all, closed applicants give way, the oldest first, and the sum says so', () => {
  const older = seenAs({ ...closed, clientUserId: 'POL-1', event: { atMs: 0, text: 'closed' } });
  const shown = table(140, 5, [older, closed, waiting]);
  expect(shown.slice(1, 3).map((line) => line.split(' ')[0])).toEqual(['POL-20418', 'POL-20417']);
  expect(shown.at(-1)).toMatch(/^3 applicants: .*no room for 1 of them$/);
  expect(shown).toHaveLength(5);
});

test('without applicants or without room there is no table', () => {
  expect(table(140, 24, [])).toEqual([]);
  expect(table(140, 3)).toEqual([]);
});

test('a colour changes nothing but the colour, and what is waited for cannot act on the terminal', () => {
  const hostile = seenAs({ ...waiting, waitingFor: 'a\u001B[2Jb' });
  const painted = applicantTable([hostile, closed], { columns: 140, rows: 24, nowMs: NOW_MS, paint: painter(true) });
  expect(painted.join('\n')).toContain('\u001B[33mpartial');
  expect(painted.join('\n')).not.toContain('\u001B[2J');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
  const bare = painted.map((line) => line.replace(/\u001B\[\d+m/gu, '').trimEnd());
  expect(bare).toEqual(table(140, 24, [hostile, closed]));
});

test.each<[NodeJS.ProcessEnv, boolean, boolean]>([
  [{ TERM: 'xterm' }, true, true],
  [{ TERM: 'xterm' }, false, false],
  [{ TERM: 'dumb' }, true, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
])('with %j, on a terminal: %s, colours are wanted: %s', (env, isTerminal, wanted) => {
  expect(wantsColours(env, isTerminal)).toBe(wanted);
});
