import { parse } from 'csv-parse/sync';

/** One record and the line it begins at (the first line is 1); `fields` null where its quotes are not right, or it is too long. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[] | null;
}

/** A record is a few hundred characters; more than this is a quote that was never closed. */
export const LONGEST_RECORD = 64 * 1024;
/** Asked before the parser, which throws at a stray quote: a file of a million of them would take a minute. */
const QUOTED_RIGHT = /^(?:"[^"]*(?:""[^"]*)*"|[^",\n]*)(?:,(?:"[^"]*(?:""[^"]*)*"|[^",\n]*))*$/;
/** Lines that are done with are let go so many at a time. */
const LET_GO = 10_000;

/**
 * Records of a CSV text (RFC 4180), in constant memory and linear time; empty lines are passed over. Cut by the parity of quotes and then parsed
 * one by one, because csv-parse's own recovery from a stray quote drops good records behind it without a word. Here such a quote costs its
 * own line only: reading goes on with the next. A line break within quotes reads as `\n`.
 *
 * Two stray quotes in two lines look like one field that holds all that lies between. `width`, once it is known, tells the two apart: a record
 * of several lines must have so many fields, and none of its further lines as many by itself.
 */
export async function* csvRecords(
  chunks: AsyncIterable<string>,
  width: () => number | null = () => null,
): AsyncGenerator<CsvRecord> {
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
        : open || !isOne(further, width())
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
function isOne(further: readonly string[], width: number | null): boolean {
  return width === null || further.every((line) => line.split(',', width).length < width);
}

/** Null unless each quote stands around a whole field or doubled within one, and there are `width` fields, where that is known. */
function fieldsOf(record: string, width: number | null): readonly string[] | null {
  if (record.length > LONGEST_RECORD || !QUOTED_RIGHT.test(record)) return null;
  // Most files have no quote at all, and a parser for each line would take most of their time.
  const plain = record.includes('"') ? null : record.split(',');
  // A field too many or too few in one line is the caller's to judge, who knows the header.
  const [fields = []] = plain ? [plain] : parse(record, { relax_column_count: true, record_delimiter: '\n' });
  return width === null || fields.length === width ? fields : null;
}

/**
 * Lines without their ends (CRLF, LF or CR, mixed or not), as many at a time as come at once. Without the byte order mark that some editors
 * write. Of a line that is too long for a record only the beginning is kept: one of gigabytes, without an end, costs no memory, and counts as
 * the one line that it is.
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
  if (rest !== '') yield [rest];
  return undefined;
}

function longer(line: string, part: string): string {
  const room = LONGEST_RECORD + 1 - line.length;
  return room > 0 ? line + part.slice(0, room) : line;
}
