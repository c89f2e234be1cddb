import { parse } from 'csv-parse/sync';

/** One record and the line it begins at (the first line is 1); `fields` null where its quotes are not right, or it is too long. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[] | null;
}

/** A record is a few hundred characters; more than this is a quote that was never closed. */
export const LONGEST_RECORD = 64 * 1024;

/**
 * Records of a CSV text (RFC 4180), in constant memory; empty lines are passed over. Cut by the parity of quotes and then parsed one by one,
 * because csv-parse's own recovery from a stray quote drops good records behind it without a word. Here such a quote costs its own line only:
 * reading goes on with the next. A line break within quotes reads as `\n`.
 *
 * Two stray quotes in two lines look like one field that holds all that lies between. `width`, once it is known, tells the two apart: a record
 * of several lines must have so many fields, and none of its further lines as many by itself.
 */
export async function* csvRecords(
  chunks: AsyncIterable<string>,
  width: () => number | null = () => null,
): AsyncGenerator<CsvRecord> {
  const lines = linesOf(chunks);
  let ahead: readonly string[] = [];
  let taken = 0;
  const next = async (): Promise<string | null> => {
    const line = ahead[taken];
    if (line === undefined) return (await lines.next()).value ?? null;
    taken += 1;
    return line;
  };
  let number = 1;
  for (let first = await next(); first !== null; first = await next()) {
    const further: string[] = [];
    let open = hasOddQuotes(first);
    for (let length = first.length; open && length <= LONGEST_RECORD; ) {
      const line = await next();
      if (line === null) break;
      further.push(line);
      length += 1 + line.length;
      if (hasOddQuotes(line)) open = false;
    }
    const fields = open ? null : fieldsOf(first, further, width());
    if (fields === null && further.length > 0) {
      ahead = [...further, ...ahead.slice(taken)];
      taken = 0;
    }
    if (first !== '' || further.length > 0) yield { line: number, fields };
    number += fields === null ? 1 : 1 + further.length;
  }
}

function hasOddQuotes(line: string): boolean {
  let odd = false;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

function fieldsOf(first: string, further: readonly string[], width: number | null): readonly string[] | null {
  const record = [first, ...further].join('\n');
  if (record.length > LONGEST_RECORD) return null;
  if (width !== null && further.some((line) => line.split(',', width).length === width)) return null;
  try {
    // A field too many or too few in one line is the caller's to judge, who knows the header.
    const [fields = [], more] = parse(record, { relax_column_count: true, record_delimiter: '\n' });
    const fits = width === null || further.length === 0 || fields.length === width;
    return more === undefined && fits ? fields : null;
  } catch {
    return null;
  }
}

/**
 * Lines without their ends: CRLF, LF or CR, mixed or not. Without the byte order mark that some editors write. Of a line that is too long for
 * a record only the beginning is kept: one of gigabytes, without an end, costs no memory, and counts as the one line that it is.
 */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, undefined> {
  let rest: string | null = null;
  let beginning = true;
  let afterReturn = false;
  const longer = (part: string): string => {
    const room = LONGEST_RECORD + 1 - (rest?.length ?? 0);
    return `${rest ?? ''}${room > 0 ? part.slice(0, room) : ''}`;
  };
  for await (const chunk of chunks) {
    if (chunk === '') continue;
    const unmarked = beginning ? chunk.replace(/^\uFEFF/, '') : chunk;
    // The second half of a CRLF ends no line of its own.
    const text = afterReturn && unmarked.startsWith('\n') ? unmarked.slice(1) : unmarked;
    beginning = false;
    afterReturn = chunk.endsWith('\r');
    const parts = text.split(/\r\n|\n|\r/);
    const last = parts.pop() ?? '';
    for (const part of parts) {
      yield longer(part);
      rest = null;
    }
    rest = last === '' ? rest : longer(last);
  }
  if (rest !== null) yield rest;
  return undefined;
}
