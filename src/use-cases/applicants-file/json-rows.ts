import { checkWanted, type Wanted } from '../../domain/reports';
import { CARRIER_CODE, CARRIER_CODE_EXPECTED } from '../../observability/audit-chain';
import { checkDetails, type InvalidDetails } from '../applicant-details';
import type { ApplicantRow } from './applicants-file';
import { MAX_RECORD_LENGTH } from './csv-records';

/** A row of JSON may also have what a single start may have. */
export interface JsonRow extends ApplicantRow {
  readonly reports?: Wanted;
  readonly authorizationReference?: string;
}

const TEXTS = ['clientUserId', 'clientUserEmail', 'firstName', 'lastName', 'dateOfBirth'] as const;
const FIELDS: readonly string[] = [...TEXTS, 'suggestedSources', 'autoInvite', 'reports', 'authorizationReference'];

/** The rows of a text with one JSON object a line, in constant memory; blank lines are skipped. The fields are those of `POST /applicants`. */
export async function* jsonRows(chunks: AsyncIterable<string>): AsyncGenerator<JsonRow> {
  let number = 0;
  for await (const line of splitLines(chunks)) {
    number += 1;
    if (line.trim() !== '') yield { line: number, ...readRow(line) };
  }
}

function readRow(line: string): Omit<JsonRow, 'line'> {
  const fields = line.length > MAX_RECORD_LENGTH ? null : parseObject(line);
  if (fields === null) {
    const expected = `a JSON object of at most ${MAX_RECORD_LENGTH} characters`;
    return { checked: { ok: false, clientUserId: null, errors: [{ field: 'row', expected }] } };
  }
  const { suggestedSources, autoInvite, reports, authorizationReference } = fields;
  const texts = Object.fromEntries(TEXTS.map((name) => [name, fields[name] ?? undefined]));
  const checked = checkDetails({
    // The check reports a value that is no text.
    ...(texts as Record<(typeof TEXTS)[number], string>),
    clientUserId: typeof fields['clientUserId'] === 'string' ? fields['clientUserId'] : '',
    suggestedSources: (suggestedSources ?? undefined) as readonly string[] | undefined,
    autoInvite: String(autoInvite ?? ''),
  });
  const wanted = reports == null ? null : readReports(reports);
  const faults = [
    ...(checked.ok ? [] : checked.errors),
    ...Object.keys(fields)
      .filter((name) => !FIELDS.includes(name))
      .slice(0, 1)
      .map(() => ({ field: 'row', expected: `no other fields than ${FIELDS.join(', ')}` })),
    ...(autoInvite != null && typeof autoInvite !== 'boolean'
      ? [{ field: 'autoInvite', expected: 'true or false' }]
      : []),
    ...(wanted !== null && 'expected' in wanted ? [{ field: 'reports', expected: wanted.expected }] : []),
    ...(authorizationReference != null &&
    !(typeof authorizationReference === 'string' && CARRIER_CODE.test(authorizationReference))
      ? [{ field: 'authorizationReference', expected: CARRIER_CODE_EXPECTED }]
      : []),
  ];
  if (faults.length > 0) {
    const clientUserId = checked.ok ? checked.details.clientUserId : checked.clientUserId;
    const errors = faults.filter(({ field }, index) => faults.findIndex((other) => other.field === field) === index);
    return { checked: { ok: false, clientUserId, errors } satisfies InvalidDetails };
  }
  return {
    checked,
    ...(wanted !== null && 'wanted' in wanted && { reports: wanted.wanted }),
    ...(typeof authorizationReference === 'string' && { authorizationReference }),
  };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function readReports(value: unknown): { readonly wanted: Wanted } | { readonly expected: string } {
  const expected = 'an object of types with lists of formats: {"unity": ["json", "pdf"]}';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { expected };
  const entries = Object.entries(value);
  const areLists = entries.every(
    ([, formats]) => Array.isArray(formats) && formats.every((format) => typeof format === 'string'),
  );
  if (!areLists) return { expected };
  const checked = checkWanted(entries as [string, string[]][]);
  return checked.ok ? { wanted: checked.wanted } : { expected: checked.expected };
}

/** Lines without their ends. Of a line that is too long only the start is kept, so that it needs little memory. */
async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  let isFirst = true;
  for await (const chunk of chunks) {
    const text = isFirst ? chunk.replace(/^\uFEFF/, '') : chunk;
    isFirst = isFirst && chunk === '';
    const lines = text.split('\n');
    lines[0] = rest + lines[0];
    rest = (lines.pop() ?? '').slice(0, MAX_RECORD_LENGTH + 1);
    yield* lines;
  }
  if (rest !== '') yield rest;
}
