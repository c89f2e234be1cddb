import { z } from 'zod';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../domain/identifiers';
import { type ApplicantDetails, normaliseDetails } from '../temporal/details';

/** Details as somebody typed them; what was left out or is empty counts as not given. */
export interface GivenDetails {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly dateOfBirth?: string | undefined;
  readonly suggestedSources?: readonly string[] | undefined;
}

/** One field that is not right: never with the value that came, for it may be a person's. */
interface FieldFault {
  readonly field: string;
  readonly expected: string;
}

/** `clientUserId` is null where it is not one, and is then not repeated anywhere. */
export interface InvalidDetails {
  readonly ok: false;
  readonly clientUserId: string | null;
  readonly errors: readonly FieldFault[];
}

/** What the details turned out to be. */
export type Checked = { readonly ok: true; readonly details: ApplicantDetails } | InvalidDetails;

/** Checks and normalises details. */
export function checkDetails(given: GivenDetails): Checked {
  const checked = DETAILS.safeParse(given);
  if (checked.success) return { ok: true, details: normaliseDetails(checked.data as ApplicantDetails) };
  const clientUserId = isClientUserId(given.clientUserId) ? given.clientUserId : null;
  const errors = checked.error.issues.map(({ path: [field], message }) => ({
    field: String(field),
    expected: message,
  }));
  return {
    ok: false,
    clientUserId,
    errors: errors.filter((error, index) => errors.findIndex(({ field }) => field === error.field) === index),
  };
}

/** RFC 5321's longest path. Whether the address exists only its mail server knows: one "@" and no space is what can be told. */
const LONGEST_EMAIL = 254;
const LONGEST_NAME = 100;
const LONGEST_SOURCE = 200;
const MOST_SOURCES = 50;

const name = text(`at most ${LONGEST_NAME} characters`, (value) => value.length <= LONGEST_NAME).optional();
const DETAILS = z.object({
  clientUserId: text(CLIENT_USER_ID_EXPECTED, isClientUserId),
  clientUserEmail: text(
    `one e-mail address of at most ${LONGEST_EMAIL} characters`,
    (value) => value.length <= LONGEST_EMAIL && /^[^\s@]+@[^\s@]+$/.test(value),
  ),
  firstName: name,
  lastName: name,
  dateOfBirth: text('a date as YYYY-MM-DD, not in the future', (value) => value === '' || isPastDate(value)).optional(),
  suggestedSources: z
    .array(text(`each of at most ${LONGEST_SOURCE} characters`, (value) => value.length <= LONGEST_SOURCE))
    .max(MOST_SOURCES, { error: `at most ${MOST_SOURCES} sources` })
    .optional(),
});

/** Trimmed text that a bad encoding has not spoilt (it reads as U+FFFD) and that holds no control characters but white space. */
function text(expected: string, isRight: (value: string) => boolean) {
  return (
    z
      .string()
      .trim()
      .refine((value) => !value.includes('\uFFFD'), { error: 'text in UTF-8', abort: true })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .refine((value) => !/[\0-\x08\x0B\x0C\x0E-\x1F\x7F]/.test(value), {
        error: 'text without control characters',
        abort: true,
      })
      .refine(isRight, { error: expected })
  );
}

function isPastDate(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  // The 30th of February becomes a day in March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value) && date.getTime() <= Date.now();
}
