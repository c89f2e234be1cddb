import { applicantTable } from '../../src/dev/applicant-table';
import { changeLine, formatTime, resultTable } from '../../src/dev/messages';
import { checkSamples } from '../../src/dev/sample-results';
import { SAMPLE, snapshot } from './fixture';

const NOON_MS = new Date(2026, 3, 12, 12, 0, 0).getTime();

describe('the table of the applicants', () => {
  const invited = snapshot({
    clientUserId: 'POL-20417',
    stage: 'invited',
    documents: 0,
    waitingFor: 'the person to open the invitation',
    waitingUntilMs: NOON_MS + 30_000,
  });
  const closed = snapshot({
    clientUserId: 'POL-20418',
    stage: 'closed',
    outcome: 'partial',
    reason: 'missing-documents',
    documents: 3,
  });
  const table = (columns: number, rows = 24, snapshots = [invited, closed]) =>
    applicantTable(snapshots, { columns, rows, nowMs: NOON_MS });

  test('has the stage, what the applicant waits for or its outcome, the time limit, the documents and the totals', () => {
    expect(table(100)).toEqual([
      '',
      expect.stringMatching(/^APPLICANT +STAGE +WAITING FOR, OR OUTCOME +UNTIL +DOCS$/),
      expect.stringMatching(/^POL-20417 +invited +the person to open the invitation +12:00:30 +0$/),
      expect.stringMatching(/^POL-20418 +closed +partial \(missing-documents\) +3$/),
      '',
      '2 applicants: 1 open, 1 closed; 3 documents stored',
    ]);
  });

  test.each([8, 40, 79, 140])('has no line longer than %d columns', (columns) => {
    const long = { ...invited, clientUserId: 'P'.repeat(100) };
    expect(Math.max(...table(columns, 24, [long, closed]).map((line) => line.length))).toBeLessThanOrEqual(columns);
  });

  test('omits the closed applicants that started first if the rows do not suffice, and counts them', () => {
    const first = { ...closed, clientUserId: 'POL-1' };
    const lines = table(140, 6, [first, closed, invited]);
    expect(lines.slice(2, 4).map((line) => line.split(' ')[0])).toEqual(['POL-20418', 'POL-20417']);
    expect(lines.at(-1)).toMatch(/^3 applicants: .*; 1 not shown$/);
    expect(lines).toHaveLength(6);
    expect(table(140, 4)).toEqual([]);
  });

  test('contains no control characters', () => {
    expect(table(140, 24, [{ ...invited, waitingFor: 'a\u001B[2Jb' }]).join('')).not.toContain('\u001B');
  });
});

test('the line of a change has the stage, and the outcome with the documents or what the applicant waits for', () => {
  expect(changeLine(snapshot({ stage: 'invited' }))).toMatch(/^POL-1 +invited$/);
  const closed = snapshot({ stage: 'closed', outcome: 'partial', reason: 'missing-documents', documents: 1 });
  expect(changeLine(closed)).toMatch(/^POL-1 +closed +partial \(missing-documents\) 1 document$/);
  const waitingUntilMs = new Date().setHours(23, 59, 58, 0);
  const waiting = changeLine(snapshot({ stage: 'invited', waitingFor: 'the person\u001b[2J', waitingUntilMs }));
  expect(waiting).toMatch(/^POL-1 +invited +waiting for the person \[2J, until 23:59:58$/);
});

test.each([
  [0, '12:00:00'],
  [1, '13 Apr 12:00'],
  [365, '12 Apr 2027'],
])('a time in %d days is printed as %s', (days, text) => {
  expect(formatTime(NOON_MS + days * 86_400_000, NOON_MS)).toBe(text);
});

test('the results of the samples contain the expected and the actual end, in lines that fit', () => {
  const late = { ...SAMPLE, clientUserId: 'DEMO-late-1', name: 'late' };
  const collected = snapshot({ clientUserId: 'DEMO-eager-1', stage: 'closed', outcome: 'collected', documents: 3 });
  const open = snapshot({ clientUserId: 'DEMO-late-1', stage: 'invited' });
  const unread = { ...SAMPLE, clientUserId: 'DEMO-unread-1', name: 'unread' };
  const uncounted = { ...collected, clientUserId: 'DEMO-unread-1', documents: null };
  const read = new Map([collected, open, uncounted].map((each) => [each.clientUserId, each]));
  const results = checkSamples([SAMPLE, late, unread], read);
  const lines = resultTable(results, Number.POSITIVE_INFINITY).split('\n');
  expect(lines).toContainEqual(
    expect.stringMatching(/^eager +ok +collected, 3 documents +collected, 3 documents +plays eager$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^late +WRONG +collected, 3 documents +not closed \(invited\) +plays eager$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^unread +not read +collected, 3 documents +collected, \? documents +plays eager$/),
  );
  expect(lines.slice(-2)).toEqual([
    '1 of 3 samples ended as expected.',
    '1 result could not be read: the worker did not answer.',
  ]);
  const narrow = resultTable(results, 60).split('\n');
  expect(Math.max(...narrow.map((line) => line.length))).toBe(60);
  expect(narrow.filter((line) => line.length === 60).every((line) => line.endsWith('…'))).toBe(true);
});
