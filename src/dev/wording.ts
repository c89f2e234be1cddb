import type { Verdict } from './samples';
import type { Sighting } from './watch';

/** `DEMO-attention-20250412-153012` is the longest of ours. */
const ID_WIDTH = 32;
const STAGE_WIDTH = 10;

/** One line a change: who, where it stands or how it ended, how many documents are stored. */
export function changeLine({ clientUserId, stage, outcome, reason, documents }: Sighting): string {
  const words = [
    clientUserId.padEnd(ID_WIDTH),
    (stage ?? 'starting').padEnd(STAGE_WIDTH),
    ...(outcome === null ? [] : [outcome]),
    ...(reason === null || reason === outcome ? [] : [`(${reason})`]),
    ...(documents ? [counted(documents, 'document')] : []),
  ];
  return words.join(' ').trimEnd();
}

/** The samples' ends beside what they had to be. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ sample, seen, asExpected }) => [
    sample.persona,
    inWords(sample.outcome, sample.documents),
    seen?.outcome ? inWords(seen.outcome, seen.documents) : `not over (${seen?.stage ?? 'never seen'})`,
    asExpected ? 'ok' : 'WRONG',
    sample.summary,
  ]);
  const header = ['sample', 'must end', 'ended', '', 'who it is'];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const good = verdicts.filter(({ asExpected }) => asExpected).length;
  const table = [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
  return `\n${table}\n\n${good} of ${verdicts.length} samples ended as they must.`;
}

/** `1 document`, `3 documents`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function inWords(outcome: string, documents: number | null): string {
  return documents === 0 ? outcome : `${outcome}, ${documents === null ? '?' : counted(documents, 'document')}`;
}
