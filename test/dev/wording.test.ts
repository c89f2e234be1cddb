import { changeLine, timeInShort, timeInWords } from '../../src/dev/wording';
import { sighted } from './seen-fixture';

const NOON = new Date(2026, 3, 12, 12, 0, 0).getTime();

test('a change is one line of ids and states, without what is nothing', () => {
  expect(changeLine(sighted({ stage: 'invited' }))).toMatch(/^POL-1 +invited$/);
  const closed = sighted({ stage: 'closed', outcome: 'partial', reason: 'missing-documents', documents: 1 });
  expect(changeLine(closed)).toMatch(/^POL-1 +closed +partial \(missing-documents\) 1 document$/);
});

test('an open applicant is told with what it waits for and until when, harmless to a terminal', () => {
  const waitingUntilMs = new Date().setHours(23, 59, 58, 0);
  expect(changeLine(sighted({ stage: 'invited', waitingFor: 'the person\u001b[2J', waitingUntilMs }))).toMatch(
    /^POL-1 +invited +waiting for the person \[2J, until 23:59:58$/,
  );
});

test('a time is told as briefly as it can be understood', () => {
  const other = (days: number) => NOON + days * 86_400_000;
  expect(timeInWords(NOON + 3_000, NOON)).toBe('12:00:03');
  expect([timeInWords(other(1), NOON), timeInShort(other(1), NOON)]).toEqual(['13 Apr 12:00', '13 Apr']);
  expect(timeInWords(other(365), NOON)).toBe('12 Apr 2027');
  expect(timeInShort(other(0), NOON)).toBe('12:00:00');
});
