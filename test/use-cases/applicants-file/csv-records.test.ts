import { parse } from 'csv-parse/sync';
import { type CsvRecord, csvRecords } from '../../../src/use-cases/applicants-file/csv-records';
import { fc } from '../../support/property';

async function read(text: string, chunkLength = text.length || 1, delimiter = ','): Promise<CsvRecord[]> {
  async function* chunks() {
    for (let at = 0; at < text.length; at += chunkLength) yield text.slice(at, at + chunkLength);
  }
  const records: CsvRecord[] = [];
  for await (const record of csvRecords(chunks(), { delimiter })) records.push(record);
  return records;
}

const record = (line: number, ...fields: string[]): CsvRecord => ({ line, fields });
const bad = (line: number): CsvRecord => ({ line, fields: null });

test('reads lines that end with CRLF, LF or CR, also mixed, and removes a byte order mark', async () => {
  const expected = [record(1, 'a', 'b'), record(2, '1', '2'), record(3, '3', '4'), record(4, '5', '')];
  expect(await read('\uFEFFa,b\r\n1,2\n3,4\r5,')).toEqual(expected);
});

test('reads the same records from chunks of any length', async () => {
  const text = 'a,b\r\n"1\r\n2","x ""y"" z"\r\n\r\n3,é\r';
  const whole = await read(text);
  expect(whole).toEqual([record(1, 'a', 'b'), record(2, '1\n2', 'x "y" z'), record(5, '3', 'é')]);
  for (let length = 1; length < text.length; length++) expect(await read(text, length)).toEqual(whole);
});

test('numbers a record by its first line, also after line breaks within quotes', async () => {
  expect(await read('a\n"1\n2\n3"\n\n4\n')).toEqual([record(1, 'a'), record(2, '1\n2\n3'), record(6, '4')]);
});

test.each([
  ['in the middle of a field', '1,2"2"'],
  ['unbalanced in a field', '1,5" pipe'],
  ['after a quoted field', '"1"x,2'],
  ['never closed', '1,"2'],
])('a quote %s costs its own line only', async (_, line) => {
  const text = `a,b\n${line}\n3,4\n"5","6\n7"\n`;
  expect(await read(text)).toEqual([record(1, 'a', 'b'), bad(2), record(3, '3', '4'), record(4, '5', '6\n7')]);
});

test('a quote that is never closed costs its own line, also in a long file', async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `${index},x`);
  const records = await read(`"open\n${rows.join('\n')}`, 10_000);
  expect(records).toHaveLength(20_001);
  expect(records[0]).toEqual(bad(1));
  expect(records.at(-1)).toEqual(record(20_001, '19999', 'x'));
});

test('rejects a line of megabytes without collecting it', async () => {
  const records = await read(`a,b\n${'x'.repeat(3_000_000)}\n`, 65_536);
  expect(records[0]).toEqual(record(1, 'a', 'b'));
  expect(records.slice(1).every(({ fields }) => fields === null || fields.length === 1)).toBe(true);
  expect(records.length).toBeGreaterThan(1);
});

/** The fields of one record by csv-parse; null if it rejects the record. */
function readWithCsvParse(text: string, delimiter: string): readonly string[] | null {
  try {
    const [fields = []]: string[][] = parse(text, { delimiter, relax_column_count: true, record_delimiter: '\n' });
    return fields;
  } catch {
    return null;
  }
}

test('finds the same fields as csv-parse, with each delimiter', async () => {
  const scrap = fc.constantFrom('"', '""', ',', ';', '|', 'a', ' ', 'é', '\t', "'");
  const delimiters = fc.constantFrom(',', ';', '\t', '|');
  await fc.assert(
    fc.asyncProperty(fc.array(scrap, { minLength: 1, maxLength: 12 }), delimiters, async (parts, delimiter) => {
      const text = parts.join('');
      const fields = readWithCsvParse(text, delimiter);
      expect(await read(text, text.length, delimiter)).toEqual([{ line: 1, fields }]);
    }),
    { numRuns: 1_000 },
  );
});

test('two stray quotes in two lines do not join the valid rows between them', async () => {
  async function* chunks() {
    yield 'a,b,c\n1,"x,\n2,y,z\n3,v",\n4,"w\nw",u\n';
  }
  const records: CsvRecord[] = [];
  for await (const each of csvRecords(chunks(), { width: () => 3 })) records.push(each);
  expect(records).toEqual([
    record(1, 'a', 'b', 'c'),
    bad(2),
    record(3, '2', 'y', 'z'),
    bad(4),
    record(5, '4', 'w\nw', 'u'),
  ]);
});

test('counts a line that is too long as one line, in chunks of any length', async () => {
  const text = `a,b\n${'x'.repeat(300_000)}\n3,4\n`;
  for (const length of [1_000, 65_536, 400_000]) {
    expect(await read(text, length)).toEqual([record(1, 'a', 'b'), bad(2), record(3, '3', '4')]);
  }
});
