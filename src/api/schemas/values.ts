import { z } from 'zod';

/** ISO 8601 in UTC with milliseconds, in an answer. */
export const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ format: 'date-time', examples: ['2026-01-30T21:20:54.316Z'] });

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

/** A code of a vocabulary with its sentence. */
export const codedText = z.object({ code: z.string(), text: z.string() });
