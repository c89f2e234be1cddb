import { parse } from 'csv-parse/sync';

/** One record and the line it begins at (the first line is 1); `fields` null where its quotes are not right, or it is too long. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[] | null;
}

/** A record is a few hundred characters; more than this is a quote that was never closed. */
export const LONGEST_RECORD = 64 * 1024;
/** The character that ended a text under CP/M and DOS; some programs still write it. */
const DOS_END = '\u001A';
/** Lines that are done with are let go so many at a time. */
const LET_GO = 10_000;

/**
 * Records of a CSV text (RFC 4180), in constant memory and linear time; empty lines are passed over. Cut by the parity of quotes and then parsed
 * one by one, because csv-parse's own recovery from a stray quote drops good records behind it without a word. Here such a quote costs its
 * own line only: reading goes on with the next. A line break within quotes reads as `\n`.
 *
 * Two stray quotes in two lines look like one field that holds all that lies between. `width`, once it is known, tells the two apart: a record
 * of several lines must have so many fields, blank ones behind them aside, and none of its further lines as many by itself.
 */
export async function* csvRecords(
  chunks: AsyncIterable<string>,
  { width = () => null, delimiter = ',' }: { width?: () => number | null; delimiter?: string } = {},
): AsyncGenerator<CsvRecord> {
  const fieldsOf = fieldReader(delimiter);
  const batches = linesOf(chunks);
  const lines: string[] = [];
  let first = 0;
  const isThere = async (index: number): Promise<boolean> => {
    while (first + index >= lines.length) {
      const batch = await batches.next();
      if (batch.done) return false;
      for (const line of batch.value) lines.push(line);
    }
    return true;
  };
  for (let number = 1; first < lines.length || (await isThere(0)); ) {
    let record = lines[first] ?? '';
    let taken = 1;
    let open = hasOddQuotes(record);
    for (let length = record.length; open && length <= LONGEST_RECORD && (await isThere(taken)); taken += 1) {
      const line = lines[first + taken] ?? '';
      length += 1 + line.length;
      open = !hasOddQuotes(line);
    }
    const further = lines.slice(first + 1, first + taken);
    if (further.length > 0) record = [record, ...further].join('\n');
    const fields =
      record === ''
        ? []
        : open || !isOne(further, delimiter, width())
          ? null
          : fieldsOf(record, further.length > 0 ? width() : null);
    if (record !== '') yield { line: number, fields };
    const done = fields === null ? 1 : taken;
    number += done;
    first += done;
    if (first > LET_GO) {
      lines.splice(0, first);
      first = 0;
    }
  }
}

function hasOddQuotes(line: string): boolean {
  let odd = false;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

/** Whether none of a record's further lines looks like a record itself. */
function isOne(further: readonly string[], delimiter: string, width: number | null): boolean {
  return width === null || further.every((line) => line.split(delimiter, width).length < width);
}

/** A reader that gives null unless each quote stands around a whole field or doubled within one, and the fields fit `width`, where that is known. */
function fieldReader(delimiter: string): (record: string, width: number | null) => readonly string[] | null {
  const field = `(?:"[^"]*(?:""[^"]*)*"|[^"${delimiter}\\n]*)`;
  // Asked before the parser, which throws at a stray quote: a file of a million of them would take a minute.
  const quotedRight = new RegExp(`^${field}(?:[${delimiter}]${field})*$`);
  return (record, width) => {
    if (record.length > LONGEST_RECORD || !quotedRight.test(record)) return null;
    // Most files have no quote at all, and a parser for each line would take most of their time.
    const plain = record.includes('"') ? null : record.split(delimiter);
    // A field too many or too few in one line is the caller's to judge, who knows the header.
    const [fields = []] = plain
      ? [plain]
      : parse(record, { delimiter, relax_column_count: true, record_delimiter: '\n' });
    return width === null || hasWidth(fields, width) ? fields : null;
  };
}

/** Whether there are so many fields, not counting blank ones behind them, which spreadsheets leave. */
export function hasWidth(fields: readonly string[], width: number): boolean {
  return fields.length >= width && isBlank(fields.slice(width));
}

/** Whether nothing but white space stands in the fields, or the end mark of DOS. */
export function isBlank(fields: readonly string[]): boolean {
  return fields.every((field) => field.replaceAll(DOS_END, '').trim() === '');
}

/**
 * Lines without their ends (CRLF, LF or CR, mixed or not), as many at a time as come at once. Without the byte order mark that some editors
 * write. Of a line that is too long for a record only the beginning is kept: one of gigabytes, without an end, costs no memory, and counts as
 * the one line that it is. The end mark of DOS is no part of the last line.
 */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<readonly string[], undefined> {
  let rest = '';
  let beginning = true;
  let afterReturn = false;
  for await (const chunk of chunks) {
    if (chunk === '') continue;
    const unmarked = beginning ? chunk.replace(/^\uFEFF/, '') : chunk;
    // The second half of a CRLF ends no line of its own.
    const text = afterReturn && unmarked.startsWith('\n') ? unmarked.slice(1) : unmarked;
    beginning = false;
    afterReturn = chunk.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = longer(rest, lines[0] ?? '');
    rest = longer('', lines.pop() ?? '');
    yield lines;
  }
  while (rest.endsWith(DOS_END)) rest = rest.slice(0, -1);
  if (rest !== '') yield [rest];
  return undefined;
}

function longer(line: string, part: string): string {
  const room = LONGEST_RECORD + 1 - line.length;
  return room > 0 ? line + part.slice(0, room) : line;
}
