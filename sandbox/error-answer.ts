import { STATUS_CODES } from 'node:http';

/** An error that becomes an error response with this message. */
export class ErrorAnswer extends Error {
  override readonly name = 'ErrorAnswer';

  constructor(
    readonly status: number,
    message: string,
    /** The invalid keys; the response then has the validation form. */
    readonly validation: { readonly source: 'payload' | 'query'; readonly keys: readonly string[] } | null = null,
  ) {
    super(message);
  }
}

/** The header and body key of upstream's request id, which its support asks for. */
export const REQUEST_ID_HEADER = 'x-humanapi-request-id';

/** The body of an error response. Upstream has two forms: with `code`, and with `statusCode` and the invalid keys after validation. */
export function errorBody({ status, message, validation }: ErrorAnswer, requestId: string): Record<string, unknown> {
  const description = { error: STATUS_CODES[status] ?? 'Error', message };
  return validation === null
    ? { code: status, ...description, [REQUEST_ID_HEADER]: requestId }
    : { statusCode: status, ...description, validation, [REQUEST_ID_HEADER]: requestId };
}
