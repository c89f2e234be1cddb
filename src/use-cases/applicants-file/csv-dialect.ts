import { isBlank, MAX_RECORD_LENGTH } from './csv-records';
import { NotApplicants } from './decode-text';

/** RFC 4180's comma, and what spreadsheets write in locales with a decimal comma or as "text". */
const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** A CSV text with the delimiter of its header. */
export interface DelimitedText {
  readonly delimiter: Delimiter;
  /** Whether the first line that is not blank is Excel's `sep=`, before the header. */
  readonly hasSeparatorLine: boolean;
  /** The whole text. Can be read once. */
  readonly chunks: AsyncIterable<string>;
}

/** Excel's line that names the delimiter. Spreadsheets that save the file again may quote or pad it. */
const SEPARATOR_LINE = /^\uFEFF?"?sep=(.?)"?[,;|\t]*$/i;

/** Finds the delimiter in the first lines of a CSV text. @throws {NotApplicants} for a `sep=` with another delimiter */
export async function readDelimiter(chunks: AsyncIterable<string>): Promise<DelimitedText> {
  const source = chunks[Symbol.asyncIterator]();
  let start = '';
  let line: string | undefined;
  for (let isEnd = false; line === undefined && !isEnd && start.length <= MAX_RECORD_LENGTH; ) {
    const next = await source.next();
    isEnd = next.done === true;
    if (!next.done) start += next.value;
    const lines = start.split(/\r\n|\n|\r/);
    line = (isEnd ? lines : lines.slice(0, -1)).find((each) => !isBlank(each.split(/[,;|"]/)));
  }
  const separator = SEPARATOR_LINE.exec(line ?? '')?.[1];
  const delimiter = separator === undefined ? guessDelimiter(line ?? start) : DELIMITERS.find((d) => d === separator);
  if (delimiter === undefined) {
    await source.return?.();
    throw new NotApplicants('expected a comma, semicolon, tab or "|" after "sep="');
  }
  return { delimiter, hasSeparatorLine: separator !== undefined, chunks: prepend(start, source) };
}

/** The most frequent delimiter; no column name contains one. */
function guessDelimiter(header: string): Delimiter {
  const count = (delimiter: Delimiter) => header.split(delimiter).length;
  return DELIMITERS.reduce((best, each) => (count(each) > count(best) ? each : best));
}

async function* prepend(start: string, source: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    yield start;
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  } finally {
    await source.return?.();
  }
}
