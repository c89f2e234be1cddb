import { isClientUserId } from '../domain/identifiers';
import { readDelimiter } from './csv-dialect';
import { type CsvRecord, csvRecords, hasWidth, isBlank, LONGEST_RECORD } from './csv-records';
import { type CheckedDetails, checkDetails } from './details';
import { NotApplicants } from './not-applicants';

const REQUIRED = [
  'clientUserId',
  'clientUserEmail',
  'firstName',
  'lastName',
  'dateOfBirth',
  'suggestedSources',
] as const;
const COLUMNS = [...REQUIRED, 'autoInvite'] as const;
type Column = (typeof COLUMNS)[number];

/** One row of the file, checked, with the line it begins at. */
export interface Row {
  readonly line: number;
  readonly checked: CheckedDetails;
}

/** The columns in their order; null: one without a name, in which nothing may stand. */
type Header = readonly (Column | null)[];

/**
 * The rows of a CSV text, in constant memory; blank rows are passed over. `autoInvite` holds for rows that do not say.
 * @throws NotApplicants for a header that is not ours
 */
export async function* applicantRows(
  chunks: AsyncIterable<string>,
  { autoInvite = true }: { readonly autoInvite?: boolean } = {},
): AsyncGenerator<Row> {
  const text = await readDelimiter(chunks);
  let separatorLine = text.hasSeparatorLine;
  let header: Header | null = null;
  const width = () => header?.length ?? null;
  for await (const record of csvRecords(text.chunks, { width, delimiter: text.delimiter })) {
    if (record.fields !== null && isBlank(record.fields)) continue;
    if (separatorLine) separatorLine = false;
    else if (header === null) header = headerOf(record);
    else yield { line: record.line, checked: checkRow(record, header, autoInvite) };
  }
  if (header === null) throw new NotApplicants(`expected a header of the columns ${REQUIRED.join(',')}; nothing came`);
}

/** Names that are not ours are counted, not repeated: a file without a header begins with somebody's details. */
function headerOf({ line, fields }: CsvRecord): Header {
  const names = (fields ?? []).map((name) => name.trim());
  while (names.at(-1) === '') names.pop();
  const header = names.map(columnOf);
  const columns = header.filter((column) => column !== null);
  const missing = REQUIRED.filter((column) => !columns.includes(column));
  const repeated = columns.filter((column, index) => columns.indexOf(column) < index);
  const unknown = names.flatMap((name, index) => (name !== '' && header[index] === null ? [index + 1] : []));
  const faults = [
    ...missing.map((column) => `${column} is missing`),
    ...repeated.map((column) => `${column} is there twice`),
    ...(unknown.length > 0 ? [`${unknown.length} not known, the first in column ${unknown[0]}`] : []),
    ...(/[\p{Pi}\p{Pf}]/u.test(names.join()) ? ['typographic quotes stand in it: use "'] : []),
  ];
  if (faults.length === 0) return header;
  throw new NotApplicants(`line ${line}: expected a header of the columns ${REQUIRED.join(',')}; ${faults.join(', ')}`);
}

function columnOf(name: string): Column | null {
  return COLUMNS.find((column) => column.toLowerCase() === name.toLowerCase()) ?? null;
}

function checkRow({ fields }: CsvRecord, header: Header, autoInvite: boolean): CheckedDetails {
  if (fields === null)
    return badRow(
      `fields in which a quote stands only around the whole field, or doubled within quotes; ${LONGEST_RECORD} characters at most`,
    );
  const value = (column: Column): string => fields[header.indexOf(column)] ?? '';
  if (!hasWidth(fields, header.length)) {
    // Whose it is can be told where no field before it is too many or too few, as in the first column.
    const clientUserId = header[0] === 'clientUserId' ? value('clientUserId').trim() : '';
    return badRow(`${header.length} fields; ${fields.length} came`, isClientUserId(clientUserId) ? clientUserId : null);
  }
  const unnamed = header.findIndex((column, index) => column === null && !isBlank([fields[index] ?? '']));
  if (unnamed !== -1) return badRow(`nothing in column ${unnamed + 1}, which has no name`);
  const given = {
    clientUserId: value('clientUserId'),
    clientUserEmail: value('clientUserEmail'),
    firstName: value('firstName'),
    lastName: value('lastName'),
    dateOfBirth: value('dateOfBirth'),
    suggestedSources: value('suggestedSources').split(';'),
    autoInvite: value('autoInvite'),
  };
  return checkDetails(given, autoInvite);
}

function badRow(expected: string, clientUserId: string | null = null): CheckedDetails {
  return { ok: false, clientUserId, errors: [{ field: 'row', expected }] };
}
