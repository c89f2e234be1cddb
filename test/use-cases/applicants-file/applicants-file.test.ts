import { type ApplicantRow, applicantRows } from '../../../src/use-cases/applicants-file/applicants-file';
import { NotApplicants } from '../../../src/use-cases/applicants-file/decode-text';

const HEADER = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';

async function read(...lines: readonly string[]): Promise<ApplicantRow[]> {
  async function* chunks() {
    yield lines.join('\r\n');
  }
  const rows: ApplicantRow[] = [];
  for await (const row of applicantRows(chunks())) rows.push(row);
  return rows;
}

const faultsOf = ({ line, checked }: ApplicantRow) => [
  line,
  checked.ok ? [] : checked.errors.map(({ field }) => field),
];

test('a row becomes the details of an applicant', async () => {
  expect(await read(HEADER, 'POL-1,max@example.org,Max,"Muster, jr.",1968-02-13,Clinic; Pharmacy;')).toEqual([
    {
      line: 2,
      checked: {
        ok: true,
        autoInvite: true,
        details: {
          clientUserId: 'POL-1',
          clientUserEmail: 'max@example.org',
          firstName: 'Max',
          lastName: 'Muster, jr.',
          dateOfBirth: '1968-02-13',
          suggestedSources: ['Clinic', 'Pharmacy'],
        },
      },
    },
  ]);
});

test('accepts the columns in any order', async () => {
  const [row] = await read(HEADER.split(',').reverse().join(','), ',,Muster,Max,max@example.org,POL-1');
  expect(row?.checked).toMatchObject({ ok: true, details: { clientUserId: 'POL-1', lastName: 'Muster' } });
});

test('reports each invalid row with its line and what was expected, without its values, and reads the valid ones', async () => {
  const rows = await read(
    HEADER,
    'POL-1,max@example.org,,,,',
    'bad id @row,max@example.org,,,,',
    'POL-3,not-an-address,,,1968-02-30,',
    'POL-4,max@example.org,,,',
    'POL-5,max@example.org,"Max,,,',
    'POL-6,max@example.org,,,,',
  );
  expect(rows.map(faultsOf)).toEqual([
    [2, []],
    [3, ['clientUserId']],
    [4, ['clientUserEmail', 'dateOfBirth']],
    [5, ['row']],
    [6, ['row']],
    [7, []],
  ]);
  expect(rows[3]?.checked).toMatchObject({ clientUserId: 'POL-4', errors: [{ expected: '6 fields, got 5' }] });
  expect(rows[4]?.checked).toMatchObject({ clientUserId: null });
  expect(JSON.stringify(rows.filter(({ checked }) => !checked.ok))).not.toMatch(/bad id|not-an|30|Max/);
});

test.each([
  ['clientUserId,clientUserEmail', 'firstName is missing, lastName is missing'],
  [`${HEADER},email,`, '1 unknown, the first in column 7'],
  [`${HEADER},firstName`, 'firstName is repeated'],
  [HEADER.replace('clientUserId', 'client\u200BUserId'), 'clientUserId is missing, 1 unknown'],
  [HEADER.replace('clientUserId', '\u201CclientUserId\u201D'), 'typographic quotes'],
  [`${HEADER},ClientUserID`, 'clientUserId is repeated'],
])('rejects the header %s', async (header, reason) => {
  const error = await read(header, 'POL-1,max@example.org,,,,').catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(NotApplicants);
  expect((error as Error).message).toContain(reason);
});

test('does not quote the first row of a file without a header', async () => {
  const error = await read('POL-1,max@example.org,Max,Muster,1968-02-13,').catch((thrown: Error) => thrown);
  expect((error as Error).message).toMatch('5 unknown');
  expect((error as Error).message).not.toMatch(/POL-1|Max|1968/i);
});

test('rejects an empty file, and accepts a header without rows', async () => {
  await expect(read('')).rejects.toThrow('got an empty text');
  expect(await read(HEADER, '', '')).toEqual([]);
});
