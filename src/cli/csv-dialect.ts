import { isBlank, LONGEST_RECORD } from './csv-records';
import { NotApplicants } from './not-applicants';

/** What stands between two fields: RFC 4180's comma, or what spreadsheets write where the comma is the decimal sign, or as "text". */
const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** A CSV text with the delimiter of its header. */
export interface DelimitedText {
  readonly delimiter: Delimiter;
  /** Whether the first line that is not blank is Excel's `sep=`, with the header behind it. */
  readonly hasSeparatorLine: boolean;
  /** The whole text, once. */
  readonly chunks: AsyncIterable<string>;
}

/** Excel's own line that names the delimiter; a spreadsheet that saves it again may quote or pad it. */
const SEPARATOR_LINE = /^\uFEFF?"?sep=(.?)"?[,;|\t]*$/i;

/** Reads the beginning of a CSV text until its delimiter is known. @throws NotApplicants for a `sep=` of a delimiter that we do not read */
export async function readDelimiter(chunks: AsyncIterable<string>): Promise<DelimitedText> {
  const source = chunks[Symbol.asyncIterator]();
  let beginning = '';
  let line: string | undefined;
  for (let atEnd = false; line === undefined && !atEnd && beginning.length <= LONGEST_RECORD; ) {
    const next = await source.next();
    atEnd = next.done === true;
    if (!next.done) beginning += next.value;
    const lines = beginning.split(/\r\n|\n|\r/);
    line = (atEnd ? lines : lines.slice(0, -1)).find((each) => !isBlank(each.split(/[,;|"]/)));
  }
  const separator = SEPARATOR_LINE.exec(line ?? '')?.[1];
  const delimiter = separator === undefined ? mostFrequent(line ?? beginning) : DELIMITERS.find((d) => d === separator);
  if (delimiter === undefined) {
    await source.return?.();
    throw new NotApplicants('expected a comma, semicolon, tab or "|" behind "sep="');
  }
  return { delimiter, hasSeparatorLine: separator !== undefined, chunks: resumed(beginning, source) };
}

/** No name of a column holds any of them. */
function mostFrequent(header: string): Delimiter {
  const count = (delimiter: Delimiter) => header.split(delimiter).length;
  return DELIMITERS.reduce((most, each) => (count(each) > count(most) ? each : most));
}

async function* resumed(beginning: string, source: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    yield beginning;
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  } finally {
    await source.return?.();
  }
}
