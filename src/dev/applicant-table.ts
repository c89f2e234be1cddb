import { stripControlCharacters } from './log-line';
import { formatOutcome, formatTime, plural } from './messages';
import type { ApplicantSnapshot } from './snapshots';

const GAP = '  ';
/** The third column gets what is left of the width. */
const WIDTHS = { id: 26, stage: 10, minState: 8, until: 12, documents: 4 };
const OTHER_WIDTHS = WIDTHS.id + WIDTHS.stage + WIDTHS.until + WIDTHS.documents + 4 * GAP.length;
/** Two blank lines, the titles and the totals. */
const OTHER_ROWS = 4;

/** The lines of the table, at most `columns` wide and `rows` long. It is empty without enough rows. */
export function applicantTable(
  snapshots: readonly ApplicantSnapshot[],
  { columns, rows, nowMs }: { readonly columns: number; readonly rows: number; readonly nowMs: number },
): string[] {
  if (snapshots.length === 0 || rows <= OTHER_ROWS) return [];
  const shown = selectRows(snapshots, rows - OTHER_ROWS);
  const widths = [WIDTHS.id, WIDTHS.stage, Math.max(WIDTHS.minState, columns - OTHER_WIDTHS), WIDTHS.until];
  const toLine = (cells: readonly string[]) =>
    cells
      .map((cell, index) => fitCell(cell, widths[index] ?? WIDTHS.documents))
      .join(GAP)
      .slice(0, columns)
      .trimEnd();
  const lines = shown.map((snapshot) => {
    const { clientUserId, stage, outcome, waitingFor, waitingUntilMs, documents } = snapshot;
    const until = outcome === null && waitingUntilMs !== null ? formatTime(waitingUntilMs, nowMs) : '';
    const state = formatOutcome(snapshot) || stripControlCharacters(waitingFor ?? '');
    return toLine([
      clientUserId,
      stage ?? 'starting',
      state,
      until,
      String(documents ?? '?').padStart(WIDTHS.documents),
    ]);
  });
  const titles = toLine(['APPLICANT', 'STAGE', 'WAITING FOR, OR OUTCOME', 'UNTIL', 'DOCS']);
  return ['', titles, ...lines, '', totals(snapshots, shown).slice(0, columns)];
}

/** Open applicants first, then the closed ones that started last; in the given order. */
function selectRows(snapshots: readonly ApplicantSnapshot[], rows: number): readonly ApplicantSnapshot[] {
  const open = snapshots.filter(({ outcome }) => outcome === null);
  const closed = snapshots.filter(({ outcome }) => outcome !== null);
  const selected = new Set([...open, ...closed.reverse()].slice(0, rows));
  return snapshots.filter((snapshot) => selected.has(snapshot));
}

function totals(snapshots: readonly ApplicantSnapshot[], shown: readonly ApplicantSnapshot[]): string {
  const open = snapshots.filter(({ outcome }) => outcome === null).length;
  const documents = snapshots.reduce((sum, snapshot) => sum + (snapshot.documents ?? 0), 0);
  const counts = `${plural(snapshots.length, 'applicant')}: ${open} open, ${snapshots.length - open} closed; ${plural(documents, 'document')} stored`;
  return shown.length === snapshots.length ? counts : `${counts}; ${snapshots.length - shown.length} not shown`;
}

function fitCell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
