import { STATUS_CODES } from 'node:http';

/** A request that is answered with an error, in the words that its sender reads. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    message: string,
    /** Set where single keys of the request are at fault: the answer then takes the validation form. */
    readonly validation: { readonly source: 'payload' | 'query'; readonly keys: readonly string[] } | null = null,
  ) {
    super(message);
  }
}

/** The key and the header in which upstream names a request: its support asks for it. */
export const REQUEST_ID = 'x-humanapi-request-id';

/** The body of an error answer. Upstream has two forms: `code` in general, `statusCode` with the keys at fault after validation. */
export function envelope(refusal: Refusal, requestId: string): Record<string, unknown> {
  const described = { error: STATUS_CODES[refusal.status] ?? 'Error', message: refusal.message };
  return refusal.validation === null
    ? { code: refusal.status, ...described, [REQUEST_ID]: requestId }
    : {
        statusCode: refusal.status,
        ...described,
        validation: refusal.validation,
        [REQUEST_ID]: requestId,
      };
}
