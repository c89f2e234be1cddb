import { isClientUserId } from '../domain/identifiers';
import { type CsvRecord, csvRecords, LONGEST_RECORD } from './csv-records';
import { type Checked, checkDetails } from './details';

const COLUMNS = [
  'clientUserId',
  'clientUserEmail',
  'firstName',
  'lastName',
  'dateOfBirth',
  'suggestedSources',
] as const;
type Column = (typeof COLUMNS)[number];

/** A file that is no list of applicants at all; nothing of it is started. */
export class NotApplicants extends Error {
  override readonly name = 'NotApplicants';
  readonly kind = 'not-applicants';
}

/** One row of the file, checked, with the line it begins at. */
export interface Row {
  readonly line: number;
  readonly checked: Checked;
}

/** The rows of a CSV text, in constant memory. @throws NotApplicants for a header that is not ours */
export async function* applicantRows(chunks: AsyncIterable<string>): AsyncGenerator<Row> {
  let header: readonly Column[] | null = null;
  for await (const record of csvRecords(chunks, () => header?.length ?? null)) {
    if (header === null) header = headerOf(record);
    else yield { line: record.line, checked: checkRow(record, header) };
  }
  if (header === null) throw new NotApplicants(`expected a header of the columns ${COLUMNS.join(',')}; nothing came`);
}

/** Names that are not ours are counted, not repeated: a file without a header begins with somebody's details. */
function headerOf({ line, fields }: CsvRecord): readonly Column[] {
  const names = (fields ?? []).map((name) => name.trim());
  const columns = names.filter(isColumn);
  const missing = COLUMNS.filter((column) => !columns.includes(column));
  const repeated = columns.filter((column, index) => columns.indexOf(column) < index);
  const unknown = names.length - columns.length;
  const faults = [
    ...missing.map((column) => `${column} is missing`),
    ...repeated.map((column) => `${column} is there twice`),
    ...(unknown > 0 ? [`${unknown} not known`] : []),
  ];
  if (faults.length === 0) return columns;
  throw new NotApplicants(`line ${line}: expected a header of the columns ${COLUMNS.join(',')}; ${faults.join(', ')}`);
}

function isColumn(name: string): name is Column {
  return (COLUMNS as readonly string[]).includes(name);
}

function checkRow({ fields }: CsvRecord, header: readonly Column[]): Checked {
  if (fields === null)
    return badRow(
      `fields in which a quote stands only around the whole field, or doubled within quotes; ${LONGEST_RECORD} characters at most`,
    );
  const value = (column: Column): string => fields[header.indexOf(column)] ?? '';
  if (fields.length !== header.length) {
    // Whose it is can be told where no field before it is too many or too few, as in the first column.
    const clientUserId = header[0] === 'clientUserId' ? value('clientUserId').trim() : '';
    return badRow(`${header.length} fields; ${fields.length} came`, isClientUserId(clientUserId) ? clientUserId : null);
  }
  return checkDetails({
    clientUserId: value('clientUserId'),
    clientUserEmail: value('clientUserEmail'),
    firstName: value('firstName'),
    lastName: value('lastName'),
    dateOfBirth: value('dateOfBirth'),
    suggestedSources: value('suggestedSources').split(';'),
  });
}

function badRow(expected: string, clientUserId: string | null = null): Checked {
  return { ok: false, clientUserId, errors: [{ field: 'row', expected }] };
}
