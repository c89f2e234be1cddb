import { isClientUserId } from '../../domain/identifiers';
import { type CheckedDetails, checkDetails } from '../applicant-details';
import { readDelimiter } from './csv-dialect';
import { type CsvRecord, csvRecords, hasWidth, isBlank, MAX_RECORD_LENGTH } from './csv-records';
import { NotApplicants } from './decode-text';

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

/** A checked row with its first line. */
export interface ApplicantRow {
  readonly line: number;
  readonly checked: CheckedDetails;
}

/** Null: a column without a name, which must be empty. */
type Header = readonly (Column | null)[];

/**
 * The rows of a CSV text, in constant memory; blank rows are skipped. `autoInvite` is the default for rows without a value.
 * @throws {NotApplicants} for an invalid header
 */
export async function* applicantRows(
  chunks: AsyncIterable<string>,
  { autoInvite = true }: { readonly autoInvite?: boolean } = {},
): AsyncGenerator<ApplicantRow> {
  const text = await readDelimiter(chunks);
  let isSeparatorNext = text.hasSeparatorLine;
  let header: Header | null = null;
  const width = () => header?.length ?? null;
  for await (const record of csvRecords(text.chunks, { width, delimiter: text.delimiter })) {
    if (record.fields !== null && isBlank(record.fields)) continue;
    if (isSeparatorNext) isSeparatorNext = false;
    else if (header === null) header = readHeader(record);
    else yield { line: record.line, checked: checkRow(record, header, autoInvite) };
  }
  if (header === null)
    throw new NotApplicants(`expected a header with the columns ${REQUIRED.join(',')}; got an empty text`);
}

/** The message counts unknown names without quoting them, because a file without a header starts with personal data. */
function readHeader({ line, fields }: CsvRecord): Header {
  const names = (fields ?? []).map((name) => name.trim());
  while (names.at(-1) === '') names.pop();
  const header = names.map(toColumn);
  const columns = header.filter((column) => column !== null);
  const missing = REQUIRED.filter((column) => !columns.includes(column));
  const repeated = columns.filter((column, index) => columns.indexOf(column) < index);
  const unknown = names.flatMap((name, index) => (name !== '' && header[index] === null ? [index + 1] : []));
  const faults = [
    ...missing.map((column) => `${column} is missing`),
    ...repeated.map((column) => `${column} is repeated`),
    ...(unknown.length > 0 ? [`${unknown.length} unknown, the first in column ${unknown[0]}`] : []),
    ...(/[\p{Pi}\p{Pf}]/u.test(names.join()) ? ['typographic quotes: use "'] : []),
  ];
  if (faults.length === 0) return header;
  throw new NotApplicants(
    `line ${line}: expected a header with the columns ${REQUIRED.join(',')}; ${faults.join(', ')}`,
  );
}

function toColumn(name: string): Column | null {
  return COLUMNS.find((column) => column.toLowerCase() === name.toLowerCase()) ?? null;
}

function checkRow({ fields }: CsvRecord, header: Header, autoInvite: boolean): CheckedDetails {
  if (fields === null)
    return faultyRow(
      `at most ${MAX_RECORD_LENGTH} characters, with quotes only around a whole field, or doubled within quotes`,
    );
  const value = (column: Column): string => fields[header.indexOf(column)] ?? '';
  if (!hasWidth(fields, header.length)) {
    // Only the first column is reliable if the number of fields is wrong.
    const clientUserId = header[0] === 'clientUserId' ? value('clientUserId').trim() : '';
    return faultyRow(
      `${header.length} fields, got ${fields.length}`,
      isClientUserId(clientUserId) ? clientUserId : null,
    );
  }
  const unnamed = header.findIndex((column, index) => column === null && !isBlank([fields[index] ?? '']));
  if (unnamed !== -1) return faultyRow(`an empty column ${unnamed + 1}, because it has no name`);
  const details = {
    clientUserId: value('clientUserId'),
    clientUserEmail: value('clientUserEmail'),
    firstName: value('firstName'),
    lastName: value('lastName'),
    dateOfBirth: value('dateOfBirth'),
    suggestedSources: value('suggestedSources').split(';'),
    autoInvite: value('autoInvite'),
  };
  return checkDetails(details, autoInvite);
}

function faultyRow(expected: string, clientUserId: string | null = null): CheckedDetails {
  return { ok: false, clientUserId, errors: [{ field: 'row', expected }] };
}
