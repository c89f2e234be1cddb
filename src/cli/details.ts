import { z } from 'zod';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../domain/identifiers';
import { type ApplicantDetails, normaliseDetails } from '../temporal/details';

/** Details as somebody typed them; what was left out or is empty counts as not given. */
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

/** What the details turned out to be. `autoInvite`: whether Human API sends the invitation; the carrier does otherwise. */
export type CheckedDetails =
  | { readonly ok: true; readonly details: ApplicantDetails; readonly autoInvite: boolean }
  | InvalidDetails;

/** Checks and normalises details; `autoInvite` holds where they do not say. */
export function checkDetails(given: RawDetails, autoInvite = true): CheckedDetails {
  const checked = DETAILS.safeParse(given);
  if (checked.success) {
    const { autoInvite: said, ...details } = checked.data;
    const isAutoInvite = said ? said.toLowerCase() === 'true' : autoInvite;
    return { ok: true, details: normaliseDetails(details as ApplicantDetails), autoInvite: isAutoInvite };
  }
  const trimmed = given.clientUserId.trim();
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

/** RFC 5321's longest path. Whether the address exists only its mail server knows: one "@" and no space is what can be told. */
const LONGEST_EMAIL = 254;
const LONGEST_NAME = 100;
const LONGEST_SOURCE = 200;
const MOST_SOURCES = 50;

/** What no bare address holds: angle brackets, typographic quotes, white space that looks like a plain one, and in the domain what separates addresses. */
const NOT_IN_ADDRESS = /[<>\p{Pi}\p{Pf}]|(?<=\S)[^\S \t\r\n](?=.*\S)|(?<=@.*)["(),:;\\]/su;
/** What a spreadsheet wrote instead of a value: a formula that keeps a number as text (`="00123"`), or an error. */
const FORMULA = /^="|^#(N\/A|REF!|NAME\?|VALUE!|DIV\/0!|NUM!|NULL!)$/;

const name = text(`at most ${LONGEST_NAME} characters`, (value) => value.length <= LONGEST_NAME).optional();
const DETAILS = z.object({
  clientUserId: text(CLIENT_USER_ID_EXPECTED, isClientUserId),
  clientUserEmail: text(
    `one e-mail address of at most ${LONGEST_EMAIL} characters`,
    (value) => value.length <= LONGEST_EMAIL && /^[^\s@]+@[^\s@]+$/.test(value),
    faultInAddress,
  ),
  firstName: name,
  lastName: name,
  dateOfBirth: text('a date as YYYY-MM-DD, not in the future', (value) => value === '' || isPastDate(value)).optional(),
  suggestedSources: z
    .array(text(`each of at most ${LONGEST_SOURCE} characters`, (value) => value.length <= LONGEST_SOURCE))
    .max(MOST_SOURCES, { error: `at most ${MOST_SOURCES} sources` })
    .optional(),
  autoInvite: text('true or false', (value) => /^(true|false)?$/i.test(value)).optional(),
});

/**
 * Trimmed text that a bad encoding has not spoilt (it reads as U+FFFD), that no spreadsheet computed, and that holds no control character but
 * white space and none that is invisible (Unicode category Cf). `faultIn` gives what is expected instead of what the field must not hold.
 */
function text(
  expected: string,
  isRight: (value: string) => boolean,
  faultIn: (value: string) => string | null = () => null,
) {
  return z
    .string()
    .superRefine((value, context) => {
      const fault = faultInText(value) ?? faultIn(value);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .trim()
    .refine(isRight, { error: expected });
}

function faultInText(value: string): string | null {
  if (value.includes('\uFFFD')) return 'text in UTF-8; in Excel, save the file as "CSV UTF-8"';
  const control = characterIn(value, /[^\P{Cc}\t\r\n]/u);
  if (control !== null) return `text without control characters; ${control} stands in it`;
  const invisible = characterIn(value, /\p{Cf}/u);
  if (invisible !== null) return `text without invisible characters; ${invisible} stands in it`;
  return FORMULA.test(value.trim()) ? 'a value; a formula or an error of a spreadsheet stands there' : null;
}

function faultInAddress(value: string): string | null {
  const colon = characterIn(value, /(?<=^\s*mailto):/i);
  if (colon !== null) return `an e-mail address without "mailto:"; ${colon} stands in it`;
  const found = characterIn(value, NOT_IN_ADDRESS);
  return found && `one e-mail address and nothing else; ${found} stands in it`;
}

/** `U+200B at position 4`, counted in characters from 1; null where no such character stands in the value. */
function characterIn(value: string, which: RegExp): string | null {
  const found = which.exec(value);
  if (!found) return null;
  const code = (value.codePointAt(found.index) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} at position ${[...value.slice(0, found.index)].length + 1}`;
}

function isPastDate(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  // The 30th of February becomes a day in March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value) && date.getTime() <= Date.now();
}
