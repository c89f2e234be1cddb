import { z } from 'zod';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../domain/identifiers';
import { LONE_SURROGATE } from '../domain/well-formed';
import { normalizeDetails } from '../temporal/details';
import type { ApplicantDetails } from '../workflows/contract';

/** Details as the user typed them. Empty fields count as not given. */
export interface RawDetails {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly dateOfBirth?: string | undefined;
  readonly suggestedSources?: readonly string[] | undefined;
  /** `true` or `false`, in any case. */
  readonly autoInvite?: string | undefined;
}

/** An invalid field, without its value, which may be personal data. */
interface FieldFault {
  readonly field: string;
  readonly expected: string;
}

/** `clientUserId` is null if it is invalid, so that it is not printed anywhere. */
export interface InvalidDetails {
  readonly ok: false;
  readonly clientUserId: string | null;
  readonly errors: readonly FieldFault[];
}

/** `autoInvite`: whether Human API sends the invitation; otherwise the carrier sends it. */
export type CheckedDetails =
  | { readonly ok: true; readonly details: ApplicantDetails; readonly autoInvite: boolean }
  | InvalidDetails;

/** Checks and normalises details. `autoInvite` is the default for details without it. */
export function checkDetails(raw: RawDetails, autoInvite = true): CheckedDetails {
  const checked = DETAILS.safeParse(raw);
  if (checked.success) {
    const { autoInvite: own, ...details } = checked.data;
    const isAutoInvite = own ? own.toLowerCase() === 'true' : autoInvite;
    return { ok: true, details: normalizeDetails(details as ApplicantDetails), autoInvite: isAutoInvite };
  }
  const trimmed = raw.clientUserId.trim();
  const clientUserId = isClientUserId(trimmed) ? trimmed : null;
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

/** RFC 5321's longest path. The check requires one "@" and no spaces; it does not find out whether the address exists. */
const MAX_EMAIL_LENGTH = 254;
const MAX_NAME_LENGTH = 100;
const MAX_SOURCE_LENGTH = 200;
const MAX_SOURCES = 50;

/** An earlier date is a typing error, or the zero date of a database. */
const EARLIEST_BIRTH = '1900-01-01';

/** Far above every maximum, also with white space around the value. The time of the patterns below grows with the square of the length. */
const MAX_TEXT_LENGTH = 1_000;

/** Angle brackets, typographic quotes, special white space, and in the domain also separators of addresses. */
const NOT_IN_ADDRESS = /[<>\p{Pi}\p{Pf}]|(?<=\S)[^\S \t\r\n](?=.*\S)|(?<=@.*)["(),:;\\]/su;
/** A spreadsheet's formula that keeps a number as text (`="00123"`), or its error. */
const FORMULA = /^="|^#(N\/A|REF!|NAME\?|VALUE!|DIV\/0!|NUM!|NULL!)$/;

const name = text(`at most ${MAX_NAME_LENGTH} characters`, (value) => value.length <= MAX_NAME_LENGTH);

/** The check of each detail. The message of an issue is what was expected; it never quotes the value. */
export const DETAIL_CHECKS = {
  clientUserId: text(CLIENT_USER_ID_EXPECTED, isClientUserId),
  clientUserEmail: text(
    `one e-mail address of at most ${MAX_EMAIL_LENGTH} characters`,
    (value) => value.length <= MAX_EMAIL_LENGTH && /^[^\s@]+@[^\s@]+$/.test(value),
    findAddressFault,
  ),
  firstName: name,
  lastName: name,
  dateOfBirth: text(
    'a date as YYYY-MM-DD, not before 1900 and not in the future',
    (value) => value === '' || isBirthDate(value),
  ),
  suggestedSources: z
    .array(
      text(`each of at most ${MAX_SOURCE_LENGTH} characters`, (value) => value.length <= MAX_SOURCE_LENGTH),
      {
        error: `a list of at most ${MAX_SOURCES} sources`,
      },
    )
    .max(MAX_SOURCES, { error: `at most ${MAX_SOURCES} sources` }),
};

const DETAILS = z.object({
  clientUserId: DETAIL_CHECKS.clientUserId,
  clientUserEmail: DETAIL_CHECKS.clientUserEmail,
  firstName: DETAIL_CHECKS.firstName.optional(),
  lastName: DETAIL_CHECKS.lastName.optional(),
  dateOfBirth: DETAIL_CHECKS.dateOfBirth.optional(),
  suggestedSources: DETAIL_CHECKS.suggestedSources.optional(),
  autoInvite: text('true or false', (value) => /^(true|false)?$/i.test(value)).optional(),
});

/**
 * Trimmed text of at most {@link MAX_TEXT_LENGTH} characters without U+FFFD (a wrong encoding), halves of characters, formulas, control characters and invisible characters (Unicode category Cf).
 * `findFault` returns what is expected instead of an invalid value.
 */
function text(
  expected: string,
  isValid: (value: string) => boolean,
  findFault: (value: string) => string | null = () => null,
) {
  return z
    .string({ error: expected })
    .superRefine((value, context) => {
      const fault = value.length > MAX_TEXT_LENGTH ? expected : (findTextFault(value) ?? findFault(value));
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .trim()
    .refine(isValid, { error: expected });
}

function findTextFault(value: string): string | null {
  if (value.includes('\uFFFD')) return 'text in UTF-8; in Excel, save the file as "CSV UTF-8"';
  const half = findCharacter(value, LONE_SURROGATE);
  if (half !== null) return `text without halves of characters; got ${half}`;
  const control = findCharacter(value, /[^\P{Cc}\t\r\n]/u);
  if (control !== null) return `text without control characters; got ${control}`;
  const invisible = findCharacter(value, /\p{Cf}/u);
  if (invisible !== null) return `text without invisible characters; got ${invisible}`;
  return FORMULA.test(value.trim()) ? 'a value; got a formula or an error of a spreadsheet' : null;
}

function findAddressFault(value: string): string | null {
  const colon = findCharacter(value, /(?<=^\s*mailto):/i);
  if (colon !== null) return `an e-mail address without "mailto:"; got ${colon}`;
  const character = findCharacter(value, NOT_IN_ADDRESS);
  return character && `one e-mail address and nothing else; got ${character}`;
}

/** `U+200B at position 4`, in characters from 1; null if no character matches. */
function findCharacter(value: string, pattern: RegExp): string | null {
  const match = pattern.exec(value);
  if (!match) return null;
  const code = (value.codePointAt(match.index) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} at position ${[...value.slice(0, match.index)].length + 1}`;
}

function isBirthDate(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  // `Date` turns 30 February into a day in March.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(value)) return false;
  return value >= EARLIEST_BIRTH && date.getTime() <= Date.now();
}
