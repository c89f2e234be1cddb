import { parse } from 'csv-parse/sync';

/** A record and its first line (from 1). `fields` null: its quotes are invalid, or it is too long. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[] | null;
}

/** A record has a few hundred characters; a longer one has a quote that was never closed. */
export const MAX_RECORD_LENGTH = 64 * 1024;
/** The end mark of text files in CP/M and DOS; some programs still write it. */
const DOS_END = '\u001A';
/** Processed lines are dropped in batches. */
const DROP_EVERY = 10_000;

/**
 * Records of a CSV text (RFC 4180), in constant memory and linear time; empty lines are skipped. Records are separated by the parity of quotes and
 * parsed one by one, because csv-parse silently drops valid records after a stray quote. Here a stray quote costs only its own line. A line break
 * within quotes becomes `\n`.
 *
 * Two stray quotes in two lines look like one field over several lines. `width`, the number of columns, distinguishes them: a record of several
 * lines must have that many fields, and none of its further lines may have that many by itself.
 */
export async function* csvRecords(
  chunks: AsyncIterable<string>,
  { width = () => null, delimiter = ',' }: { width?: () => number | null; delimiter?: string } = {},
): AsyncGenerator<CsvRecord> {
  const parseFields = createFieldParser(delimiter);
  const batches = readLines(chunks);
  const lines: string[] = [];
  let first = 0;
  const hasLine = async (index: number): Promise<boolean> => {
    while (first + index >= lines.length) {
      const batch = await batches.next();
      if (batch.done) return false;
      for (const line of batch.value) lines.push(line);
    }
    return true;
  };
  for (let number = 1; first < lines.length || (await hasLine(0)); ) {
    let record = lines[first] ?? '';
    const further: string[] = [];
    let isOpen = hasOddQuotes(record);
    while (isOpen && record.length <= MAX_RECORD_LENGTH && (await hasLine(further.length + 1))) {
      const line = lines[first + further.length + 1] ?? '';
      further.push(line);
      record += `\n${line}`;
      isOpen = !hasOddQuotes(line);
    }
    const isWhole = !isOpen && isSingleRecord(further, delimiter, width());
    const fields = isWhole ? parseFields(record, further.length > 0 ? width() : null) : null;
    if (record !== '') yield { line: number, fields };
    // After an invalid record, its second line may be the start of a valid one.
    const done = fields === null ? 1 : 1 + further.length;
    number += done;
    first += done;
    if (first > DROP_EVERY) {
      lines.splice(0, first);
      first = 0;
    }
  }
}

function hasOddQuotes(line: string): boolean {
  let isOdd = false;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) isOdd = !isOdd;
  return isOdd;
}

/** Whether none of a record's further lines looks like a record itself. */
function isSingleRecord(further: readonly string[], delimiter: string, width: number | null): boolean {
  return width === null || further.every((line) => line.split(delimiter, width).length < width);
}

/** Returns a parser that returns null for invalid quotes, and for fields that do not fit `width`. */
function createFieldParser(delimiter: string): (record: string, width: number | null) => readonly string[] | null {
  const field = `(?:"[^"]*(?:""[^"]*)*"|[^"${delimiter}\\n]*)`;
  // Checked first, because the parser throws at a stray quote, which is slow.
  const quotedRight = new RegExp(`^${field}(?:[${delimiter}]${field})*$`);
  return (record, width) => {
    if (record.length > MAX_RECORD_LENGTH || !quotedRight.test(record)) return null;
    // Most lines have no quote, and splitting is much faster than the parser.
    const plain = record.includes('"') ? null : record.split(delimiter);
    // The caller checks the number of fields of a single line.
    const [fields = []] = plain
      ? [plain]
      : parse(record, { delimiter, relax_column_count: true, record_delimiter: '\n' });
    return width === null || hasWidth(fields, width) ? fields : null;
  };
}

/** Whether there are `width` fields. Spreadsheets leave blank fields at the end, which are ignored. */
export function hasWidth(fields: readonly string[], width: number): boolean {
  return fields.length >= width && isBlank(fields.slice(width));
}

/** Whether the fields hold only white space or the end mark of DOS. */
export function isBlank(fields: readonly string[]): boolean {
  return fields.every((field) => field.replaceAll(DOS_END, '').trim() === '');
}

/**
 * Batches of lines without their ends (CRLF, LF or CR, also mixed), without a byte order mark and the end mark of DOS. Only the start of a line that
 * is too long for a record is kept, so that a line of any length needs little memory and still counts as one line.
 */
async function* readLines(chunks: AsyncIterable<string>): AsyncGenerator<readonly string[], undefined> {
  let rest = '';
  let isFirst = true;
  let afterReturn = false;
  for await (const chunk of chunks) {
    if (chunk === '') continue;
    const unmarked = isFirst ? chunk.replace(/^\uFEFF/, '') : chunk;
    // The second half of a CRLF does not end another line.
    const text = afterReturn && unmarked.startsWith('\n') ? unmarked.slice(1) : unmarked;
    isFirst = false;
    afterReturn = chunk.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = appendBounded(rest, lines[0] ?? '');
    rest = appendBounded('', lines.pop() ?? '');
    yield lines;
  }
  while (rest.endsWith(DOS_END)) rest = rest.slice(0, -1);
  if (rest !== '') yield [rest];
  return undefined;
}

function appendBounded(line: string, part: string): string {
  const room = MAX_RECORD_LENGTH + 1 - line.length;
  return room > 0 ? line + part.slice(0, room) : line;
}
