/**
 * All failures of a call to an upstream, as a closed set. An error has the method, the route template, the status, and the upstream's request id for
 * the vendor's support. It never has an id of a person, a query or the upstream's free text, which may be personal data.
 */

/** A call and its answer, without personal data. `route` is a template such as `/api/v1/users/{humanId}`. */
export interface CallFacts {
  readonly method: string;
  readonly route: string;
  /** HTTP status; null without an answer. */
  readonly status: number | null;
  /** The upstream's id of the request, from the body or a header; null if absent or malformed. */
  readonly requestId: string | null;
}

/** The base of all failures. Log lines show its `kind` and its message (observability/describe-error.ts). */
export abstract class UpstreamError extends Error {
  abstract readonly kind:
    | 'validation'
    | 'conflict'
    | 'not-found'
    | 'not-offered'
    | 'not-yet'
    | 'rate-limited'
    | 'unavailable'
    | 'bad-document';
  readonly call: CallFacts;
  /** The message without the request id: equal for equal faults. */
  readonly summary: string;

  constructor(call: CallFacts, what: string, options?: ErrorOptions) {
    const summary = `${call.method} ${call.route}: ${what}`;
    super(call.requestId === null ? summary : `${summary} (request ${call.requestId})`, options);
    this.name = new.target.name;
    this.call = call;
    this.summary = summary;
  }
}

/** The upstream rejects the details as invalid: the same request can never succeed. `keys` names the invalid fields. */
export class ValidationRejected extends UpstreamError {
  readonly kind = 'validation';
  readonly keys: readonly string[];

  constructor(call: CallFacts, keys: readonly string[]) {
    super(call, `rejected as invalid (${call.status})${keys.length > 0 ? `: ${keys.join(', ')}` : ''}`);
    this.keys = keys;
  }
}

/** A person with this clientUserId may exist already: look them up. */
export class AlreadyExists extends UpstreamError {
  readonly kind = 'conflict';

  constructor(call: CallFacts) {
    super(call, `the person may exist already (${call.status})`);
  }
}

/** The upstream itself answers that the person or the report does not exist. A gateway's 404 is {@link Unavailable}. */
export class NotFound extends UpstreamError {
  readonly kind = 'not-found';

  constructor(call: CallFacts) {
    super(call, `not found (${call.status})`);
  }
}

/** The upstream itself answers that the report does not exist in this format. */
export class NotOffered extends UpstreamError {
  readonly kind = 'not-offered';

  constructor(call: CallFacts) {
    super(call, `the report does not exist in this format (${call.status})`);
  }
}

/** The upstream gives no access to the person's reports: the person has not connected a provider, or is gone. */
export class AccessDenied extends UpstreamError {
  readonly kind = 'not-yet';

  constructor(call: CallFacts) {
    super(call, `no access token was issued (${call.status})`);
  }
}

/**
 * 429, or 503 with `Retry-After`. Status null: the call was not made, because an earlier `Retry-After` has not passed yet. `retryAfterMs`: null if
 * unknown.
 */
export class RateLimited extends UpstreamError {
  readonly kind = 'rate-limited';
  readonly retryAfterMs: number | null;

  constructor(call: CallFacts, retryAfterMs: number | null) {
    super(call, call.status === null ? 'rate limited, not called again yet' : `rate limited (${call.status})`);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Any other failure: no answer, a 5xx, a 401 or 403 with a new token, an answer outside the contract. It means "could not find out", never "found
 * nothing".
 */
export class Unavailable extends UpstreamError {
  readonly kind = 'unavailable';
  /** True after a timeout: the upstream may still be working on the request. */
  readonly callMayBeAlive: boolean;
  /** True if the upstream itself answered, not a gateway. */
  readonly isFromUpstream: boolean;

  constructor(
    call: CallFacts,
    what: string,
    options: ErrorOptions & { callMayBeAlive?: boolean; isFromUpstream?: boolean } = {},
  ) {
    super(call, what, options);
    this.callMayBeAlive = options.callMayBeAlive ?? false;
    this.isFromUpstream = options.isFromUpstream ?? false;
  }
}

/**
 * A status that would mean {@link NotOffered}, but without the upstream's own envelope: probably a gateway's answer. If it persists, it may be
 * the upstream's, because the vendor documents no body for a format that a report does not have.
 */
export class UnenvelopedFormat extends Unavailable {
  constructor(call: CallFacts) {
    super(call, `answered ${call.status} to the format, but the answer is not the upstream's own`);
  }
}

/**
 * An answer that would decide about a person, but may be a gateway's; or an answer which shows that the upstream does not support a look-up. Retried
 * like Unavailable, but shown to operators, because it rarely ends by itself.
 */
export class Undecided extends Unavailable {
  /** A sentence for operators. */
  readonly why: string;

  constructor(call: CallFacts, why: string) {
    super(call, why);
    this.why = why;
  }
}

/** True if the upstream did not answer the question. A rate limit counts too, because it may last. */
export function isOutage(error: unknown): error is Unavailable | RateLimited {
  return error instanceof Unavailable || error instanceof RateLimited;
}

/** The bytes are not the document they should be: truncated, empty, too large, of another content type, invalid JSON or PDF. */
export class BadDocument extends UpstreamError {
  readonly kind = 'bad-document';
}
