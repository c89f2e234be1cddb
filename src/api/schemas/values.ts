import { z } from 'zod';
import { NEEDS } from '../../domain/needs';
import { OUTCOMES, REASONS, STAGES } from '../../domain/outcome';
import { FORMATS } from '../../domain/reports';
import { DEGRADATIONS } from '../../use-cases/views';

/** ISO 8601 in UTC with milliseconds, in an answer. */
export const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ id: 'Instant', format: 'date-time', examples: ['2026-01-30T21:20:54.316Z'] });

/** A value of a vocabulary in an answer. The OpenAPI file lists the values of today, and clients must accept others: vocabularies may grow. */
export function openEnum<const Values extends readonly string[]>(values: Values, description?: string) {
  return z
    .custom<Values[number]>((value) => typeof value === 'string')
    .meta({
      type: 'string',
      description: `${description === undefined ? '' : `${description} `}Values may be added.`,
      'x-extensible-enum': values,
      examples: [values[0] ?? ''],
    });
}

export const count = z.int().min(0);

export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Null on the last page only. A page may have fewer items than `limit`, or none.' });

/** How far back the closed applicants of an answer reach. */
export const coverage = z
  .object({ since: instant.nullable() })
  .meta({ description: 'Applicants that closed before `since` may be missing; null: unknown.' });

/** A code of a vocabulary with its sentence. */
export const codedText = z.object({ code: z.string(), text: z.string() });

/** Vocabularies that several answers use have a name in the OpenAPI file. */
export const stage = openEnum(STAGES, 'The stage of an applicant.').meta({ id: 'Stage' });
export const outcome = openEnum(OUTCOMES, 'How a round ended.').meta({ id: 'Outcome' });
export const reason = openEnum(REASONS, 'Why a round ended so.').meta({ id: 'Reason' });
export const need = openEnum(NEEDS, 'Why an applicant needs a person.').meta({ id: 'Need' });
export const format = openEnum(FORMATS, 'The format of a document.').meta({ id: 'Format' });
export const degradation = openEnum(DEGRADATIONS, 'What did not answer, so that fields are null or old.').meta({
  id: 'Degradation',
});
