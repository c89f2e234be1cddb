import { DAY_MS } from '../domain/policy';
import { asRow, type Column, columnWidths } from './columns';
import { clock, harmless } from './log-line';
import type { Verdict } from './samples';
import type { Sighting } from './watch';

/** `DEMO-never-existed-0123ab` is the longest of ours. */
const ID_WIDTH = 26;
const STAGE_WIDTH = 10;

/** One line a change: who, where it stands and what it waits for, or how it ended; how many documents are stored. */
export function changeLine(sighting: Sighting): string {
  const { clientUserId, stage, outcome, documents, waitingFor, waitingUntilMs } = sighting;
  const waiting = outcome === null && waitingFor !== null ? `waiting for ${harmless(waitingFor)}` : '';
  const until = waiting === '' || waitingUntilMs === null ? '' : `until ${timeInWords(waitingUntilMs, Date.now())}`;
  const words = [
    clientUserId.padEnd(ID_WIDTH),
    (stage ?? 'starting').padEnd(STAGE_WIDTH),
    outcomeInWords(sighting),
    documents ? counted(documents, 'document') : '',
    [waiting, until].filter((part) => part !== '').join(', '),
  ];
  return words
    .filter((word) => word !== '')
    .join(' ')
    .trimEnd();
}

/** `partial (missing-documents)`; nothing for an open applicant. */
export function outcomeInWords({ outcome, reason }: Pick<Sighting, 'outcome' | 'reason'>): string {
  if (outcome === null) return '';
  return reason === null || reason === outcome ? outcome : `${outcome} (${reason})`;
}

/** `15:03:04` on the same day, else `12 Apr 15:03`, in another year `12 Apr 2027`; where this machine is. */
export function timeInWords(atMs: number, nowMs: number): string {
  const [at, now] = [new Date(atMs), new Date(nowMs)];
  if (Math.abs(atMs - nowMs) < DAY_MS && at.getDate() === now.getDate()) return clock(at);
  const [, month, day] = at.toDateString().split(' ');
  const date = `${Number(day)} ${month}`;
  return at.getFullYear() === now.getFullYear() ? `${date} ${clock(at).slice(0, 5)}` : `${date} ${at.getFullYear()}`;
}

/** `15:03:04` on the same day, else `12 Apr`, in another year `Apr 2027`. */
export function timeInShort(atMs: number, nowMs: number): string {
  const words = timeInWords(atMs, nowMs).split(' ');
  return words.length === 1 ? words.join() : words.length === 3 ? words.slice(0, 2).join(' ') : words.join(' ');
}

const VERDICT_COLUMNS: readonly Column[] = [
  { title: 'sample' },
  { title: 'must end', least: 10 },
  { title: 'ended', least: 10 },
  { title: '' },
  { title: 'who it is', least: 9 },
];

/** The samples' ends beside what they had to be, in lines of so many columns at most. */
export function verdictTable(verdicts: readonly Verdict[], columns: number): string {
  const rows = verdicts.map(({ sample, seen, asExpected }) => [
    sample.persona,
    endInWords(sample.outcome, sample.documents),
    seen?.outcome ? endInWords(seen.outcome, seen.documents) : `not over (${seen?.stage ?? 'never seen'})`,
    asExpected ? 'ok' : 'WRONG',
    harmless(sample.summary),
  ]);
  const widths = columnWidths(VERDICT_COLUMNS, rows, columns) ?? VERDICT_COLUMNS.map(({ least = 8 }) => least);
  const good = verdicts.filter(({ asExpected }) => asExpected).length;
  const titles = VERDICT_COLUMNS.map(({ title }) => title);
  const table = [titles, ...rows].map((cells) => asRow(VERDICT_COLUMNS, widths, cells)).join('\n');
  return `\n${table}\n\n${good} of ${verdicts.length} samples ended as they must.`;
}

/** `1 document`, `3 documents`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function endInWords(outcome: string, documents: number | null): string {
  return documents === 0 ? outcome : `${outcome}, ${documents === null ? '?' : counted(documents, 'document')}`;
}
