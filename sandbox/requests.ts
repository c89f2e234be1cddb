import { z } from 'zod';
import { ErrorAnswer } from './error-answer';
import { CONTENT_TYPES, type Format } from './report-types';

const text = z.string().min(1);

/** `POST /v1/admin/token`. */
export const clientTokenBody = z.strictObject({ client_id: text, client_secret: text, type: z.literal('client') });

/** `POST /v1/connect/token`. The sandbox supports the token type `access` only. */
export const accessTokenBody = z.strictObject({
  client_id: text,
  client_secret: text,
  client_user_id: text,
  client_user_email: z.email().optional(),
  type: z.literal('access'),
});

/** `POST /api/v1/users`. */
export const createBody = z.strictObject({
  clientUserId: text,
  clientUserEmail: z.email(),
  autoInvite: z.boolean(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  // The date form of the cookbook. The vendor's OpenAPI files allow more forms.
  dateOfBirth: z.iso.datetime({ precision: 3, error: 'expected a date as YYYY-MM-DDTHH:mm:ss.sssZ' }).optional(),
  suggestedSources: z.array(z.string()).optional(),
});

/** `GET /api/v1/users`. */
export const lookupQuery = z.strictObject({
  clientUserId: text.optional(),
  humanId: text.optional(),
  offset: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .default(0),
});

/** `GET /v1/human/medical/reports/{id}/raw`. */
export const rawQuery = z.strictObject({ format: z.enum(Object.keys(CONTENT_TYPES) as [Format, ...Format[]]) });

/** `POST /control/people/{clientUserId}/status`. */
export const controlStatusBody = z.strictObject({
  value: z.string().min(1).max(40),
  notify: z.boolean().default(true),
});

/** `POST /control/feed`. */
export const controlFeedBody = z.strictObject({ on: z.boolean() });

/** Parses a part of a request. Throws {@link ErrorAnswer} (400, validation form), which names the invalid keys and never their values. */
export function validate<T>(schema: z.ZodType<T>, source: 'payload' | 'query', value: unknown): T {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ key: [...issue.path, key].join('.'), message: 'unknown key' }))
      : [{ key: issue.path.join('.') || 'value', message: issue.message }],
  );
  const message = faults.map((fault) => `${fault.key}: ${fault.message}`).join('; ');
  throw new ErrorAnswer(400, `The ${source} is invalid. ${message}`, {
    source,
    keys: faults.map(({ key }) => key),
  });
}
