import { DAY_MS } from '../domain/policy';
import { formatClock, stripControlCharacters } from './log-line';
import type { SampleResult } from './sample-results';
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
    ...results.map(({ sample, snapshot, verdict }) => [
      sample.name,
      VERDICT_TEXT[verdict],
      formatResult(sample.outcome, sample.documents),
      snapshot?.outcome
        ? formatResult(snapshot.outcome, snapshot.documents)
        : snapshot === null
          ? 'not read'
          : `not closed (${snapshot.stage ?? 'starting'})`,
      stripControlCharacters(sample.summary),
    ]),
  ];
  const width = (index: number) => Math.max(...rows.map((row) => row[index]?.length ?? 0));
  const lines = rows.map((row) => {
    const line = row
      .map((cell, index) => cell.padEnd(width(index)))
      .join('  ')
      .trimEnd();
    return line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
  });
  const count = (verdict: SampleResult['verdict']) => results.filter((each) => each.verdict === verdict).length;
  const total = `${count('expected')} of ${results.length} samples ended as expected.`;
  const unknown = count('unknown');
  const notRead = unknown === 0 ? [] : [`${plural(unknown, 'result')} could not be read: the worker did not answer.`];
  return ['', ...lines, '', total, ...notRead].join('\n');
}

const VERDICT_TEXT: Readonly<Record<SampleResult['verdict'], string>> = {
  expected: 'ok',
  unexpected: 'WRONG',
  unknown: 'not read',
};

/** `1 document`, `3 documents`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function formatResult(outcome: string, documents: number | null): string {
  return documents === 0
    ? outcome
    : `${outcome}, ${documents === null ? '? documents' : plural(documents, 'document')}`;
}
