/** The shapes of answers, which differ between the vendor's texts and recorded traffic. */
export interface Dialect {
  readonly create: { readonly status: number; readonly shape: 'object' | 'array' };
  readonly noMatch: 200 | 404;
  readonly envelope: 'code' | 'statusCode';
  readonly clientToken: 'client_token' | 'access_token';
  readonly accessDenied: number;
  readonly notOffered: 400 | 415;
  readonly deleted: 200 | 202 | 204;
}

/** The insurance cookbook of 2020. */
export const COOKBOOK: Dialect = {
  create: { status: 202, shape: 'object' },
  noMatch: 200,
  envelope: 'code',
  clientToken: 'client_token',
  accessDenied: 403,
  notOffered: 415,
  deleted: 200,
};

/** The vendor's OpenAPI files and older recordings. */
export const OPENAPI: Dialect = {
  create: { status: 201, shape: 'array' },
  noMatch: 404,
  envelope: 'statusCode',
  clientToken: 'access_token',
  accessDenied: 404,
  notOffered: 400,
  deleted: 204,
};

/** An error in one of Human API's two envelopes. Its message holds personal data, which no error may repeat. */
export function envelope(form: Dialect['envelope'], status: number, keys?: string[]): Record<string, unknown> {
  return {
    [form]: status,
    error: 'An error',
    message: 'mallory@example.org was born on 1990-01-01',
    ...(keys && { validation: { source: 'payload', keys } }),
    'x-humanapi-request-id': 'b3b7c1de-0000-4000-8000-000000000001',
  };
}
