/** A column of a table. `least`: the width it can be cut to; without one it is never cut. */
export interface Column {
  readonly title: string;
  readonly least?: number;
  readonly right?: true;
}

const GAP = 2;

/** The width of each column, so that a row has `columns` characters at most; null where that cannot be had. */
export function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  most: number,
): readonly number[] | null {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  let over = widths.reduce((sum, width) => sum + width, GAP * (columns.length - 1)) - most;
  while (over > 0) {
    // The widest of those that may be cut gives one character, so that the short ones stay whole.
    const spare = columns.map(({ least }, at) => ((widths[at] ?? 0) > (least ?? Infinity) ? (widths[at] ?? 0) : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) return null;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

/** A row of cells, each cut or filled to its width; `paint` gets each cell as it will stand. */
export function asRow(
  columns: readonly Column[],
  widths: readonly number[],
  cells: readonly string[],
  paint: (cell: string, at: number) => string = (cell) => cell,
): string {
  const last = columns.length - 1;
  const fitted = cells.map((cell, at) => {
    const width = widths[at] ?? 0;
    const whole = cell.length > width ? `${cell.slice(0, Math.max(0, width - 1))}…` : cell;
    const filled =
      at === last && !columns[at]?.right ? whole : columns[at]?.right ? whole.padStart(width) : whole.padEnd(width);
    return paint(filled, at);
  });
  return fitted.join(' '.repeat(GAP)).trimEnd();
}
