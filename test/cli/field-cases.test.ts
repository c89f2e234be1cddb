import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StarterArguments } from '../../src/cli/arguments';
import type { StartRequest } from '../../src/temporal/applicants';
import { startingApplicants } from '../support/fake-applicants';
import { useFolders } from '../support/folders';
import { parseLines, startRun } from './starter-run';

const HEADER = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';
const ROW = 'POL-1,max@example.org,Max,Sample,1980-02-03,';
const MAX = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org', firstName: 'Max', lastName: 'Sample' };

const newFolder = useFolders();
const fieldCase = (name: string) => join(__dirname, '../field-cases/csv', name);

/** Starts the applicants of a file with a fake Temporal. */
async function start(file: string, args: Partial<StarterArguments> = {}) {
  const requests: StartRequest[] = [];
  const applicants = startingApplicants((request) => {
    requests.push(request);
    return {};
  });
  const { status, printed, written } = startRun({ args: { source: { file }, ...args }, applicants });
  return {
    status: await status,
    requests,
    lines: parseLines<Record<string, unknown>>(printed),
    written: written.map((text) => text.replaceAll(file, 'a.csv')),
    started: requests.map(({ details }) => details.clientUserId),
  };
}

/** Starts the applicants of a file with this content. */
async function startText(text: string | Buffer, args?: Partial<StarterArguments>) {
  const file = await newFolder('written.csv');
  await writeFile(file, text);
  return start(file, args);
}

const utf16le = (text: string) => Buffer.from(text, 'utf16le');

test.each<[condition: string, file: string | Buffer]>([
  ['rows of commas', fieldCase('rows-of-commas.csv')],
  ['empty columns after the last', fieldCase('columns-behind.csv')],
  ['a line of spaces', fieldCase('spaces-line.csv')],
  ['the end mark of DOS on a line of its own', fieldCase('dos-eof.csv')],
  ['semicolons', fieldCase('semicolons.csv')],
  ["Excel's sep= line", fieldCase('sep-line.csv')],
  ['Unicode text: UTF-16 and tabs', fieldCase('unicode-text.csv')],
  ['the end mark of DOS after the last field', Buffer.from(`${HEADER}\n${ROW}\x1A\x1A`)],
  ['rows of empty quoted fields', Buffer.from(`${HEADER}\n${ROW}\n"","","","","",""\n`)],
  ['blank rows before the header', Buffer.from(`\r\n,,,,,\r\n${HEADER}\r\n${ROW}\r\n`)],
  ['an empty column between two', Buffer.from(`${HEADER.replace(',', ',,')}\n${ROW.replace(',', ',,')}\n`)],
  ['a row that is longer than the header by empty fields', Buffer.from(`${HEADER}\n${ROW},,,\n`)],
  ['a sep=; line, quoted', Buffer.from(`"sep=;"\r\n${HEADER}\r\n${ROW}\r\n`.replaceAll(',', ';'))],
  ['tabs', Buffer.from(`${HEADER}\n${ROW}\n`.replaceAll(',', '\t'))],
  ['UTF-16 with its high byte first', Buffer.from(utf16le(`\uFEFF${HEADER}\n${ROW}`).swap16())],
  ['UTF-16 without a byte order mark', utf16le(`${HEADER}\r\n${ROW}\r\n`)],
  [
    'a header in capitals, quoted, with spaces around',
    Buffer.from(`\uFEFF" ${HEADER.toUpperCase().replaceAll(',', ' "," ')}"\n${ROW}`),
  ],
  ['line ends of the old Mac', Buffer.from(`${HEADER}\r${ROW}\r`)],
  [
    'non-breaking spaces around values',
    Buffer.from(`${HEADER}\n${ROW.replaceAll(',', '\u00A0,\u00A0').replace(/,\S$/, ',')}\n`),
  ],
])('%s: starts the applicant, status 0', async (_, file) => {
  const { status, requests, written } = typeof file === 'string' ? await start(file) : await startText(file);
  expect(written).toEqual(['1 rows: 1 started']);
  expect(requests.map(({ details }) => details)).toEqual([{ ...MAX, dateOfBirth: '1980-02-03' }]);
  expect(status).toBe(0);
});

test('splits sources in a quoted cell by ";", also if the semicolon is the delimiter', async () => {
  const { requests } = await startText(`${HEADER}\n${ROW}"Clinic; Pharmacy"\n`.replaceAll(',', ';'));
  expect(requests[0]?.details.suggestedSources).toEqual(['Clinic', 'Pharmacy']);
});

test.each<[what: string, text: string | Buffer, reason: string]>([
  ['an unsupported delimiter', `sep=^\n${HEADER}\n${ROW}\n`, 'expected a comma, semicolon, tab or "|" after "sep="'],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x63, 0, 0, 0]), 'it is in UTF-32'],
  ['a workbook', Buffer.from('PK\x03\x04 and more'), 'it is a workbook (xlsx)'],
  ['a compressed file', Buffer.from([0x1f, 0x8b, 0x08, 0]), 'it is compressed'],
])('rejects %s with its reason: status 2, no applicant starts', async (_, text, reason) => {
  const { status, written, requests } = await startText(text);
  expect([status, requests]).toEqual([2, []]);
  expect(written).toEqual([expect.stringContaining(reason)]);
});

test.each<[what: string, row: string | Buffer, field: string, reason: RegExp]>([
  ['a name in Windows-1252', Buffer.from('POL-2,a@b.example,M\xfcller,,,', 'latin1'), 'firstName', /^text in UTF-8/],
  ['a date as Excel writes it', 'POL-2,a@b.example,,,1/2/1980,', 'dateOfBirth', /YYYY-MM-DD/],
  ['a formula for text', '"=""POL-2""",a@b.example,,,,', 'clientUserId', /a formula/],
  ['an error of a formula', 'POL-2,a@b.example,#N/A,,,', 'firstName', /a formula/],
  ['a NUL', 'POL-2,a@b.example,Ma\0x,,,', 'firstName', /control characters; got U\+0000 at position 3/],
  ['a value in a column without a name', 'POL-2,a@b.example,,,,,x', 'row', /6 fields, got 7/],
  ['an autoInvite in another language', 'POL-2,a@b.example,,,,,FALSCH', 'autoInvite', /^true or false$/],
])('%s costs only its own row, which is reported', async (_, row, field, reason) => {
  const header = field === 'autoInvite' ? `${HEADER},autoInvite` : HEADER;
  const { status, started, lines } = await startText(
    Buffer.concat([
      Buffer.from(`${header}\n`),
      Buffer.from(row),
      Buffer.from(`\n${ROW}${field === 'autoInvite' ? ',' : ''}\n`),
    ]),
  );
  expect([status, started]).toEqual([1, ['POL-1']]);
  const invalid = lines.filter(({ result }) => result === 'invalid');
  expect(invalid).toMatchObject([{ line: 2, errors: [{ field, expected: expect.stringMatching(reason) }] }]);
});

test('reads autoInvite of a row in any case, and uses --no-auto-invite for rows without it', async () => {
  const file = `${HEADER},autoInvite\n${['FALSE', ' true', ''].map((value, i) => `POL-${i},a@b.example,,,,,${value}`).join('\n')}`;
  const inviting = async (args: Partial<StarterArguments>) =>
    (await startText(file, args)).requests.map(({ autoInvite }) => autoInvite);
  expect(await inviting({})).toEqual([false, undefined, undefined]);
  expect(await inviting({ autoInvite: false })).toEqual([false, undefined, false]);
});

const TWICE = fieldCase('duplicate-ids.csv');

test.each([true, false])(
  'duplicate ids (dry run: %s): reports contradicting rows and starts neither, and reports an identical row as a repeat',
  async (dryRun) => {
    const { status, started, lines, written } = await start(TWICE, { dryRun });
    expect(status).toBe(1);
    expect(started).toEqual(dryRun ? [] : ['POL-2']);
    const invalid = lines.filter(({ result }) => result === 'invalid').map(({ line, repeats }) => [line, repeats]);
    expect(invalid).toEqual([
      [2, undefined],
      [4, undefined],
      [5, 2],
      [6, undefined],
    ]);
    expect(written).toEqual([
      'a.csv, line 2, clientUserId: expected one set of details per applicant; line 4 differs (POL-1)',
      'a.csv, line 4, clientUserId: expected one set of details per applicant; line 2 differs (POL-1)',
      'a.csv, line 5, clientUserId: expected one set of details per applicant; this repeats line 2, and line 4 differs (POL-1)',
      // Ids that differ in case only share a folder on some stores.
      'a.csv, line 6, clientUserId: expected an id that differs from that of line 3 in more than upper and lower case (pol-2)',
      `5 rows: ${dryRun ? '4 invalid, 1 valid' : '1 started, 4 invalid'}`,
    ]);
  },
);

test('does not start an identical row again, and prints the result of the first', async () => {
  const { status, started, lines, written } = await startText(`${HEADER}\n${ROW}\n${ROW}\n`);
  expect([status, started]).toEqual([0, ['POL-1']]);
  expect(lines).toMatchObject([
    { line: 2, result: 'started' },
    { line: 3, result: 'running', repeats: 2 },
  ]);
  expect(written).toEqual(['a.csv, line 3, clientUserId: repeats line 2 (POL-1)', '2 rows: 1 started, 1 repeated']);
});

test.each([
  ['an invalid row', 'POL-1,no address,,,,'],
  ['another autoInvite', `${ROW},false`],
])('%s contradicts a valid row of the same id anywhere in the file', async (_, row) => {
  const rest = row.endsWith('false') ? ',true' : '';
  const others = Array.from({ length: 100 }, (__, index) => `OTHER-${index},a@b.example,,,,${rest}`);
  const text = [`${HEADER}${rest && ',autoInvite'}`, `${ROW}${rest}`, ...others, row].join('\n');
  const { status, started } = await startText(text);
  expect(status).toBe(1);
  expect(started).toHaveLength(100);
  expect(started).not.toContain('POL-1');
});
