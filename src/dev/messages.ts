import { DAY_MS } from '../domain/policy';
import { formatClock, stripControlCharacters } from './log-line';
import type { SampleResult } from './samples';
import type { ApplicantSnapshot } from './snapshots';

/** As wide as `DEMO-never-existed-0123ab`. */
const ID_WIDTH = 26;
const STAGE_WIDTH = 10;

/** One line for a change: the id, the stage, the outcome or what the applicant waits for, the number of documents. */
export function changeLine(snapshot: ApplicantSnapshot): string {
  const { clientUserId, stage, outcome, documents, waitingFor, waitingUntilMs } = snapshot;
  const until = waitingUntilMs === null ? '' : `, until ${formatTime(waitingUntilMs, Date.now())}`;
  const parts = [
    clientUserId.padEnd(ID_WIDTH),
    (stage ?? 'starting').padEnd(STAGE_WIDTH),
    formatOutcome(snapshot),
    documents ? plural(documents, 'document') : '',
    outcome === null && waitingFor !== null ? `waiting for ${stripControlCharacters(waitingFor)}${until}` : '',
  ];
  return parts
    .filter((part) => part !== '')
    .join(' ')
    .trimEnd();
}

/** `partial (missing-documents)`; empty for an open applicant. */
export function formatOutcome({ outcome, reason }: Pick<ApplicantSnapshot, 'outcome' | 'reason'>): string {
  if (outcome === null) return '';
  return reason === null || reason === outcome ? outcome : `${outcome} (${reason})`;
}

/** Local time: `15:03:04` on the same day, otherwise `12 Apr 15:03`, or `12 Apr 2027` in another year. */
export function formatTime(atMs: number, nowMs: number): string {
  const [at, now] = [new Date(atMs), new Date(nowMs)];
  if (Math.abs(atMs - nowMs) < DAY_MS && at.getDate() === now.getDate()) return formatClock(at);
  const [, month, day] = at.toDateString().split(' ');
  const date = `${Number(day)} ${month}`;
  return at.getFullYear() === now.getFullYear()
    ? `${date} ${formatClock(at).slice(0, 5)}`
    : `${date} ${at.getFullYear()}`;
}

/** The expected and the actual results of the samples, in lines of at most `columns`. */
export function resultTable(results: readonly SampleResult[], columns: number): string {
  const rows = [
    ['sample', '', 'expected', 'actual', 'description'],
    ...results.map(({ sample, snapshot, isAsExpected }) => [
      sample.name,
      isAsExpected ? 'ok' : 'WRONG',
      formatResult(sample.outcome, sample.documents),
      snapshot?.outcome
        ? formatResult(snapshot.outcome, snapshot.documents)
        : `not closed (${snapshot?.stage ?? 'not started'})`,
      stripControlCharacters(sample.summary),
    ]),
  ];
  const width = (index: number) => Math.max(...rows.map((row) => row[index]?.length ?? 0));
  const lines = rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(width(index)))
      .join('  ')
      .slice(0, columns)
      .trimEnd(),
  );
  const expected = results.filter(({ isAsExpected }) => isAsExpected).length;
  return ['', ...lines, '', `${expected} of ${results.length} samples ended as expected.`].join('\n');
}

/** `1 document`, `3 documents`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function formatResult(outcome: string, documents: number | null): string {
  return documents === 0 ? outcome : `${outcome}, ${documents === null ? '?' : plural(documents, 'document')}`;
}
