import { z } from 'zod';
import { CLIENT_USER_ID_EXPECTED, HUMAN_ID_EXPECTED, isClientUserId, isHumanId } from '../../domain/identifiers';
import { parseInstantMs } from '../../domain/instants';
import { MAX_PAGE } from '../../use-cases/use-cases';

/** A text of a request that `parse` turns into a value, or into undefined if it is invalid. `schema`: its form in the OpenAPI file. */
function parameter<Value>(
  expected: string,
  parse: (text: string) => Value | undefined,
  schema: Readonly<Record<string, unknown>>,
) {
  return z
    .string({ error: expected })
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: expected });
      return z.NEVER;
    })
    .meta(schema);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** The last instant with a year of four digits; Temporal rejects later ones. */
const MAX_INSTANT_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** An instant of a request, in ms since 1970; not before 1970. */
export function instantMs(description: string) {
  return parameter('an instant from 1970 to 9999 in ISO 8601 with a zone, such as 2026-01-30T21:20:54Z', parseInstant, {
    type: 'string',
    format: 'date-time',
    description,
    examples: ['2026-01-30T21:20:54.316Z'],
  });
}

function parseInstant(text: string): number | undefined {
  const ms = INSTANT.test(text) ? parseInstantMs(text) : null;
  return ms !== null && ms >= 0 && ms <= MAX_INSTANT_MS ? ms : undefined;
}

const DEFAULT_PAGE = 50;

export const limit = parameter(
  `an integer from 1 to ${MAX_PAGE}`,
  (text) => (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= MAX_PAGE ? Number(text) : undefined),
  {
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE,
    default: DEFAULT_PAGE,
    description: `A page has at most this many items; ${DEFAULT_PAGE} without it.`,
  },
)
  .optional()
  .transform((value) => value ?? DEFAULT_PAGE);

export const cursor = z
  .string({ error: 'the nextCursor of an earlier answer' })
  .min(1, { error: 'the nextCursor of an earlier answer' })
  .max(4_000, { error: 'the nextCursor of an earlier answer' })
  .optional()
  .meta({ description: 'The nextCursor of an earlier answer, with the same filters. It is valid for a day.' });

const CURSOR_EXPECTED = 'the nextCursor of an earlier answer';
/** The same with its form, for routes that are newer than the first release of the api: a stricter form would break clients of the older ones. */
export const pageCursor = z
  .string({ error: CURSOR_EXPECTED })
  .regex(/^[A-Za-z0-9_-]{1,4000}$/, { error: CURSOR_EXPECTED })
  .optional()
  .meta({ description: 'The nextCursor of an earlier answer, with the same filters. It is valid for a day.' });

const ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$';

export const clientUserId = z
  .string({ error: CLIENT_USER_ID_EXPECTED })
  .refine(isClientUserId, { error: CLIENT_USER_ID_EXPECTED })
  .meta({ description: 'The id of the applicant.', pattern: ID_PATTERN, examples: ['POL-40001'] });

const PREFIX_EXPECTED = `the beginning of a clientUserId: ${CLIENT_USER_ID_EXPECTED}`;
export const prefix = z
  .string({ error: PREFIX_EXPECTED })
  .refine(isClientUserId, { error: PREFIX_EXPECTED })
  .meta({ description: 'The beginning of clientUserId, case-sensitive.', pattern: ID_PATTERN, examples: ['POL-'] });

export const humanId = z
  .string({ error: HUMAN_ID_EXPECTED })
  .refine(isHumanId, { error: HUMAN_ID_EXPECTED })
  .meta({ description: "Human API's id of the person.", pattern: '^[A-Za-z0-9._~-]{1,100}$' });

/** The path of a route of one applicant. */
export const applicantParams = z.strictObject({ clientUserId });
