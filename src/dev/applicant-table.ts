import type { Outcome } from '../domain/outcome';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../domain/policy';
import type { Colour, Paint } from './colours';
import { asRow, type Column, columnWidths } from './columns';
import { harmless } from './log-line';
import type { Seen } from './watch';
import { counted, outcomeInWords, timeInShort, timeInWords } from './wording';

/** How much room there is, and what time it is. */
export interface TableOptions {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  readonly paint: Paint;
}

/** From so many columns on the wide layout is readable; by the width alone, for a layout that follows its content would jump. */
const WIDE_FROM = 110;
/** What the table tells of an applicant, in columns. */
const WIDE: readonly Column[] = [
  { title: 'APPLICANT', least: 16 },
  { title: 'STAGE' },
  { title: 'WAITING FOR', least: 28 },
  { title: 'UNTIL' },
  { title: 'OUTCOME', least: 9 },
  { title: 'DOCS', right: true },
  { title: 'LAST EVENT', least: 12 },
];
const NARROW: readonly Column[] = [
  { title: 'APPLICANT', least: 12 },
  { title: 'STAGE' },
  { title: 'WAITING FOR, OR OUTCOME', least: 12 },
  { title: 'UNTIL' },
  { title: 'DOCS', right: true },
  { title: 'AGO', right: true },
];
/** For a window that is hardly one. */
const TINY: readonly Column[] = [
  { title: 'APPLICANT', least: 4 },
  { title: 'STAGE', least: 2 },
];

const OUTCOME_COLOURS: Readonly<Record<Outcome, Colour>> = {
  collected: 'green',
  partial: 'yellow',
  declined: 'magenta',
  failed: 'red',
  expired: 'magenta',
  cancelled: 'magenta',
};

/** The applicants as a table that fits: the open ones before the closed ones where there is no room for all; below it how many there are. */
export function applicantTable(applicants: readonly Seen[], { columns, rows, nowMs, paint }: TableOptions): string[] {
  if (applicants.length === 0 || rows < 4) return [];
  // Title, blank line, sum.
  const shown = chosen(applicants, rows - 3);
  const { layout, widths, cellsOf } = fitting(shown, columns, nowMs);
  const lines = shown.map((seen) => {
    const colour =
      seen.outcome === null ? (seen.stage === 'attention' ? 'yellow' : null) : OUTCOME_COLOURS[seen.outcome];
    const told = (at: number) => ['STAGE', 'OUTCOME', 'WAITING FOR, OR OUTCOME'].includes(layout[at]?.title ?? '');
    return asRow(layout, widths, cellsOf(seen), (cell, at) => {
      if (told(at) && colour) return paint(colour, cell);
      return ['LAST EVENT', 'AGO', 'UNTIL'].includes(layout[at]?.title ?? '') ? paint('dim', cell) : cell;
    });
  });
  const titles = layout.map(({ title }) => title);
  return [
    asRow(layout, widths, titles, (title) => paint('bold', title)),
    ...lines,
    '',
    summary(applicants, shown).slice(0, columns),
  ];
}

/** In the order in which they are given, as many as there are rows: closed ones give way first, the oldest of them before the others. */
function chosen(applicants: readonly Seen[], rows: number): readonly Seen[] {
  const weight = ({ outcome, event }: Seen) => (outcome === null ? Number.POSITIVE_INFINITY : event.atMs);
  const kept = new Set([...applicants].sort((a, b) => weight(b) - weight(a) || 0).slice(0, rows));
  return applicants.filter((seen) => kept.has(seen));
}

function fitting(shown: readonly Seen[], columns: number, nowMs: number) {
  const wide = (seen: Seen) => {
    const { clientUserId, stage, documents, event } = seen;
    const lastEvent = `${timeInWords(event.atMs, nowMs)} ${event.text}`;
    return [
      clientUserId,
      stage ?? '',
      waiting(seen),
      until(seen, nowMs),
      outcomeInWords(seen),
      String(documents ?? '?'),
      lastEvent,
    ];
  };
  const narrow = (seen: Seen) => {
    const { clientUserId, stage, documents, event } = seen;
    const what = outcomeInWords(seen) || waiting(seen);
    return [
      clientUserId,
      stage ?? '',
      what,
      until(seen, nowMs, timeInShort),
      String(documents ?? '?'),
      age(nowMs - event.atMs),
    ];
  };
  const tiny = (seen: Seen) => [seen.clientUserId, seen.outcome ?? seen.stage ?? ''];
  const layouts = [[WIDE, wide] as const, [NARROW, narrow] as const, [TINY, tiny] as const];
  for (const [layout, cellsOf] of layouts.slice(columns >= WIDE_FROM ? 0 : 1)) {
    const widths = columnWidths(layout, shown.map(cellsOf), columns);
    if (widths) return { layout, widths, cellsOf };
  }
  return { layout: TINY, widths: [columns, 0], cellsOf: tiny };
}

function waiting({ outcome, waitingFor }: Seen): string {
  return outcome === null ? harmless(waitingFor ?? '') : '';
}

function until({ outcome, waitingFor, waitingUntilMs }: Seen, nowMs: number, inWords = timeInWords): string {
  return outcome === null && waitingFor !== null && waitingUntilMs !== null ? inWords(waitingUntilMs, nowMs) : '';
}

/** `12s`, `5m`, `3h`, `12d`. */
function age(durationMs: number): string {
  if (durationMs < MINUTE_MS) return `${Math.max(0, Math.floor(durationMs / SECOND_MS))}s`;
  if (durationMs < HOUR_MS) return `${Math.floor(durationMs / MINUTE_MS)}m`;
  return durationMs < DAY_MS ? `${Math.floor(durationMs / HOUR_MS)}h` : `${Math.floor(durationMs / DAY_MS)}d`;
}

function summary(applicants: readonly Seen[], shown: readonly Seen[]): string {
  const open = applicants.filter(({ outcome }) => outcome === null).length;
  const documents = applicants.reduce((sum, seen) => sum + (seen.documents ?? 0), 0);
  const hidden = applicants.length - shown.length;
  const counts = `${counted(applicants.length, 'applicant')}: ${open} open, ${applicants.length - open} closed; ${counted(documents, 'document')} stored`;
  return hidden === 0 ? counts : `${counts}; no room for ${hidden} of them`;
}
