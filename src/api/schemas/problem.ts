import { z } from 'zod';
import type { Slug } from '../problem';
import { actions, applicant } from './applicant';
import { openEnum } from './values';

/** The members of every problem. */
export const problemFields = {
  type: z.string().meta({ description: 'The path of the page that explains the problem.' }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  requestId: z.string().meta({ description: 'Equal to X-Request-Id, and in the log.' }),
};

const code = openEnum(['required', 'unknown', 'type', 'value', 'size', 'format', 'in-the-past', 'too-far-ahead']);
const expected = z.string().meta({ description: 'What is valid. The value that came is in no answer.' });

const plain = z.object(problemFields).meta({ id: 'Problem', description: 'RFC 9457.' });

const invalid = z
  .object({
    ...problemFields,
    errors: z.array(
      z.object({
        pointer: z.string().meta({ description: 'RFC 6901; "" is the body, also for a field with an unknown name.' }),
        code,
        expected,
      }),
    ),
  })
  .meta({ id: 'InvalidProblem' });

const invalidParameter = z
  .object({
    ...problemFields,
    errors: z.array(
      z.object({
        parameter: z.string().meta({ description: '"" is a parameter with an unknown name.' }),
        code,
        expected,
      }),
    ),
  })
  .meta({ id: 'InvalidParameterProblem' });

const detailsConflict = z
  .object({
    ...problemFields,
    differs: z
      .array(z.string())
      .nullable()
      .meta({ description: 'The names of the fields; null: Chartway has only a digest of the earlier details.' }),
    current: applicant,
  })
  .meta({ id: 'DetailsConflictProblem' });

const notNow = z
  .object({ ...problemFields, why: z.string(), current: applicant, actions: actions.nullable() })
  .meta({ id: 'NotNowProblem' });

const preconditionFailed = z.object({ ...problemFields, current: applicant }).meta({ id: 'PreconditionFailedProblem' });

const unavailable = z
  .object({
    ...problemFields,
    done: openEnum(['nothing', 'unknown'], 'Whether the act may have happened.'),
    repeat: openEnum(['safe']),
  })
  .meta({ id: 'UnavailableProblem' });

/** The schemas of problems with members beyond those of RFC 9457. */
const SCHEMAS: Partial<Record<Slug, z.ZodType>> = {
  invalid,
  'invalid-parameter': invalidParameter,
  'details-conflict': detailsConflict,
  'not-now': notNow,
  'precondition-failed': preconditionFailed,
  'temporal-unavailable': unavailable,
  'no-worker': unavailable,
  'store-unavailable': unavailable,
  'audit-unavailable': unavailable,
};

/** The name of the schema of a problem in the OpenAPI file. */
export function problemSchemaName(slug: Slug): string {
  return z.globalRegistry.get(SCHEMAS[slug] ?? plain)?.id ?? 'Problem';
}
