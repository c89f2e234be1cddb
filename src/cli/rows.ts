import { styleText } from 'node:util';

/** Stdout as a terminal. */
export interface Screen {
  readonly columns: number;
  /** False with NO_COLOR or TERM=dumb. */
  readonly hasColor: boolean;
}

interface Output {
  readonly print: (line: string) => void;
  /** Null: stdout is not a terminal. */
  readonly screen: Screen | null;
}

type Cell = string | number | null;

/** The width of a line if the terminal does not report one. */
const DEFAULT_COLUMNS = 80;

/** Null if stdout is not a terminal. NO_COLOR: see no-color.org. */
export function readScreen(
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv,
): Screen | null {
  if (isTTY !== true) return null;
  return { columns: columns || DEFAULT_COLUMNS, hasColor: !env['NO_COLOR'] && env['TERM'] !== 'dumb' };
}

/** A narrower last column is printed below its row. */
const MIN_WRAPPED_COLUMNS = 24;

/**
 * Prints rows: on a terminal a table with a header, cut at its width; otherwise one line per row, with tabs and without a header. `isContinued`: the
 * header was printed with earlier rows. `wrapsLast`: the last column is text that is wrapped, not cut.
 */
export function printRows(
  { print, screen }: Output,
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  { isContinued = false, wrapsLast = false } = {},
): void {
  const texts = rows.map((row) => row.map(displayCell));
  if (screen === null) {
    for (const row of texts) print(row.join('\t'));
    return;
  }
  if (texts.length === 0) return;
  const titles = header.map((title) => title.toUpperCase());
  const widths = titles.map((title, at) => Math.max(title.length, ...texts.map((row) => row[at]?.length ?? 0)));
  const toLine = (row: readonly string[]) =>
    cut(
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
      screen.columns,
    );
  const titleLine = toLine(titles);
  if (!isContinued) print(screen.hasColor ? styleText('bold', titleLine) : titleLine);
  const firstColumns = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  for (const row of texts)
    for (const line of wrapsLast ? wrapLast(row, firstColumns, screen.columns) : [row]) print(toLine(line));
}

/** Rows of one line each: the continued text is in the last column, or below the row if that column is narrow. */
function wrapLast(row: readonly string[], firstColumns: number, columns: number): string[][] {
  const others = row.slice(0, -1);
  const text = row.at(-1) ?? '';
  const width = columns - firstColumns;
  if (width < MIN_WRAPPED_COLUMNS) return [others, ...wrapWords(text, columns - 2).map((line) => [`  ${line}`])];
  const [first = '', ...more] = wrapWords(text, width);
  return [[...others, first], ...more.map((line) => [...others.map(() => ''), line])];
}

/** Lines of at most `width`; a longer word is a line of its own. */
function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Prints names with their values, aligned on a terminal. Values are not cut, because a person reads them. */
export function printFields(
  { print, screen }: Output,
  fields: readonly (readonly [name: string, value: Cell])[],
): void {
  const width = screen === null ? 0 : Math.max(...fields.map(([name]) => name.length));
  for (const [name, value] of fields) {
    const text = displayCell(value);
    print(screen === null ? `${name}\t${text}` : `${name.padEnd(width)}  ${text}`);
  }
}

/** `2026-12-01T08:00:00Z`: without the milliseconds. */
export function displayInstant(instant: string | null): string | null {
  return instant?.replace(/\.\d+Z$/, 'Z') ?? null;
}

/** `1 item`, `2 items`. */
export function displayCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** `-` for nothing. Control characters, which upstream's texts may contain, could change the terminal. */
function displayCell(cell: Cell): string {
  const text = cell === null ? '' : String(cell).replace(/\p{Cc}/gu, '?');
  return text === '' ? '-' : text;
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
