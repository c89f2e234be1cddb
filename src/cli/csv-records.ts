import { parse } from 'csv-parse/sync';

/** One record and the line it begins at (the first line is 1); `fields` null where its quotes are not right. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[] | null;
}

/** A record is a few hundred characters; more than this is a quote that was never closed. */
const LONGEST_RECORD = 64 * 1024;

/**
 * Records of a CSV text (RFC 4180), in constant memory; empty lines are passed over. Cut by the parity of quotes and then parsed one by one,
 * because csv-parse's own recovery from a stray quote drops good records behind it without a word. Here such a quote costs its own line only:
 * reading goes on with the next. A line break within quotes reads as `\n`.
 */
export async function* csvRecords(chunks: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  const lines = linesOf(chunks);
  const ahead: string[] = [];
  const next = async (): Promise<string | null> => ahead.shift() ?? (await lines.next()).value ?? null;
  let number = 1;
  for (let first = await next(); first !== null; first = await next()) {
    const continued: string[] = [];
    let record = first;
    while (!isClosed(record) && record.length <= LONGEST_RECORD) {
      const line = await next();
      if (line === null) break;
      continued.push(line);
      record += `\n${line}`;
    }
    const fields = fieldsOf(record);
    if (fields === null) ahead.unshift(...continued);
    if (record !== '') yield { line: number, fields };
    number += fields === null ? 1 : 1 + continued.length;
  }
}

function isClosed(record: string): boolean {
  return (record.split('"').length - 1) % 2 === 0;
}

function fieldsOf(record: string): string[] | null {
  if (record.length > LONGEST_RECORD) return null;
  try {
    // A field too many or too few is the caller's to judge, who knows the header.
    const [fields = []] = parse(record, { relax_column_count: true, record_delimiter: '\n' });
    return fields;
  } catch {
    return null;
  }
}

/** Lines without their ends: CRLF, LF or CR, mixed or not. Without the byte order mark that some editors write. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, undefined> {
  let rest = '';
  let beginning = true;
  for await (const chunk of chunks) {
    rest += beginning ? chunk.replace(/^\uFEFF/, '') : chunk;
    beginning = false;
    // A CR at the very end may be half of a CRLF.
    const parts = rest.split(/\r\n|\n|\r(?!$)/);
    rest = parts.pop() ?? '';
    // A "line" without an end: given out in pieces, none of which can be right, rather than collected in memory.
    if (rest.length > 2 * LONGEST_RECORD) {
      parts.push(rest);
      rest = '';
    }
    yield* parts;
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
  return undefined;
}
