import { type ApplicantRow, applicantRows } from '../../src/cli/applicants-file';
import { NotApplicants } from '../../src/cli/decode-text';

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
          ...{ clientUserId: 'POL-1', clientUserEmail: 'max@example.org', firstName: 'Max', lastName: 'Muster, jr.' },
          ...{ dateOfBirth: '1968-02-13', suggestedSources: ['Clinic', 'Pharmacy'] },
        },
      },
    },
  ]);
});

test('columns may stand in any order', async () => {
  const [row] = await read(HEADER.split(',').reverse().join(','), ',,Muster,Max,max@example.org,POL-1');
  expect(row?.checked).toMatchObject({ ok: true, details: { clientUserId: 'POL-1', lastName: 'Muster' } });
});

test('each bad row is told by its line and what was expected, and the good ones are still there', async () => {
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
  expect(rows[3]?.checked).toMatchObject({ clientUserId: 'POL-4', errors: [{ expected: '6 fields; 5 came' }] });
  expect(rows[4]?.checked).toMatchObject({ clientUserId: null });
  expect(JSON.stringify(rows.filter(({ checked }) => !checked.ok))).not.toMatch(/bad id|not-an|30|Max/);
});

test.each([
  ['clientUserId,clientUserEmail', 'firstName is missing, lastName is missing'],
  [`${HEADER},email,`, '1 not known, the first in column 7'],
  [`${HEADER},firstName`, 'firstName is there twice'],
  [HEADER.replace('clientUserId', 'client\u200BUserId'), 'clientUserId is missing, 1 not known'],
  [HEADER.replace('clientUserId', '\u201CclientUserId\u201D'), 'typographic quotes stand in it'],
  [`${HEADER},ClientUserID`, 'clientUserId is there twice'],
])('the header %s is refused', async (header, reason) => {
  const refusal = await read(header, 'POL-1,max@example.org,,,,').catch((error: Error) => error);
  expect(refusal).toBeInstanceOf(NotApplicants);
  expect((refusal as Error).message).toContain(reason);
});

test('a file that begins with a person instead of a header does not get that person into the error', async () => {
  const refusal = await read('POL-1,max@example.org,Max,Muster,1968-02-13,').catch((error: Error) => error);
  expect((refusal as Error).message).toMatch('5 not known');
  expect((refusal as Error).message).not.toMatch(/POL-1|Max|1968/i);
});

test('an empty file is refused, one with a header alone has no applicants', async () => {
  await expect(read('')).rejects.toThrow('nothing came');
  expect(await read(HEADER, '', '')).toEqual([]);
});
