/**
 * Everything that can go wrong between us and Human API, as a closed vocabulary.
 *
 * An error states method, route template (never an id or a query) and status; it carries upstream's request id for the vendor's support
 * and never upstream's free text, which may hold personal data.
 */

/** Where a call went wrong. `route` is a template such as `/api/v1/users/{humanId}`. */
export interface CallFacts {
  readonly method: string;
  readonly route: string;
  /** HTTP status, null when there was no answer. */
  readonly status: number | null;
  /** Upstream's `x-humanapi-request-id`, of the body or of the header, where it is well-formed. */
  readonly requestId: string | null;
}

/** What every failure of the upstream client is; `kind` is the discriminator. */
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
  /** The message without the request id: the same fault gives the same text. */
  readonly summary: string;

  constructor(call: CallFacts, what: string, options?: ErrorOptions) {
    const summary = `${call.method} ${call.route}: ${what}`;
    super(call.requestId === null ? summary : `${summary} (request ${call.requestId})`, options);
    this.name = new.target.name;
    this.call = call;
    this.summary = summary;
  }
}

/** 400 in one of upstream's envelopes: the same request can never succeed. `keys` are the offending field names. */
export class ValidationRejected extends UpstreamError {
  readonly kind = 'validation';
  readonly keys: readonly string[];

  constructor(call: CallFacts, keys: readonly string[]) {
    super(call, `refused as invalid (400)${keys.length > 0 ? `: ${keys.join(', ')}` : ''}`);
    this.keys = keys;
  }
}

/** 409 on create: somebody with this clientUserId may exist. It means: look up. */
export class AlreadyExists extends UpstreamError {
  readonly kind = 'conflict';

  constructor(call: CallFacts) {
    super(call, 'answered that the user may exist already (409)');
  }
}

/**
 * 404 in one of upstream's JSON envelopes, of a person with its request id. Any other 404 is {@link Unavailable}: a proxy
 * says nothing about a person.
 */
export class NotFound extends UpstreamError {
  readonly kind = 'not-found';

  constructor(call: CallFacts) {
    super(call, 'not found (404)');
  }
}

/** 400 or 415 on `/raw` in one of upstream's envelopes, with its request id: the report does not come in that format. */
export class NotOffered extends UpstreamError {
  readonly kind = 'not-offered';

  constructor(call: CallFacts) {
    super(call, `the report does not come in this format (${call.status})`);
  }
}

/** The access token was refused in one of upstream's envelopes (any 4xx but 408 and 429): the person has not connected a source, or is gone. */
export class AccessDenied extends UpstreamError {
  readonly kind = 'not-yet';

  constructor(call: CallFacts) {
    super(call, `no access token is to be had yet (${call.status})`);
  }
}

/**
 * 429, or 503 with `Retry-After`; with status null a call that was not made, because an earlier `Retry-After` still runs.
 * `retryAfterMs` is null where upstream did not say.
 */
export class RateLimited extends UpstreamError {
  readonly kind = 'rate-limited';
  readonly retryAfterMs: number | null;

  constructor(call: CallFacts, retryAfterMs: number | null) {
    super(call, call.status === null ? 'told to slow down, not asked again yet' : `told to slow down (${call.status})`);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Everything else: no answer, a 5xx, a 401 or 403 after the re-mint, any answer outside the contract. "Could not find out", never "found nothing".
 *
 * `callMayBeAlive` is true when we gave up waiting (a time-out) and upstream may still be working on the request; false when the call is
 * known dead (answered, refused, reset). `isUpstreamsWord` is true for an answer in one of upstream's envelopes.
 */
export class Unavailable extends UpstreamError {
  readonly kind = 'unavailable';
  readonly callMayBeAlive: boolean;
  readonly isUpstreamsWord: boolean;

  constructor(
    call: CallFacts,
    what: string,
    options: ErrorOptions & { callMayBeAlive?: boolean; isUpstreamsWord?: boolean } = {},
  ) {
    super(call, what, options);
    this.callMayBeAlive = options.callMayBeAlive ?? false;
    this.isUpstreamsWord = options.isUpstreamsWord ?? false;
  }
}

/**
 * 400 or 415 on `/raw` in no envelope of upstream's: a gateway's fault, unless it persists. The cookbook defines no body for a format that a
 * report does not have.
 */
export class UnenvelopedFormat extends Unavailable {
  constructor(call: CallFacts) {
    super(call, `answered ${call.status} to a format, in no form of Human API's`);
  }
}

/**
 * An answer that would decide about a person if it were provably upstream's own word, or a look-up that upstream does not support. Handled
 * like Unavailable, but shown to operators because it does not resolve by itself.
 */
export class Undecided extends Unavailable {
  readonly why: string;

  constructor(call: CallFacts, why: string) {
    super(call, why);
    this.why = why;
  }
}

/** True where upstream could not be asked. A wish to wait that never ends is an outage like any other. */
export function isOutage(error: unknown): error is Unavailable | RateLimited {
  return error instanceof Unavailable || error instanceof RateLimited;
}

/** A 200 whose body is not the document it claims to be: truncated, empty, of another content type, not a PDF, not JSON. */
export class BadDocument extends UpstreamError {
  readonly kind = 'bad-document';

  constructor(call: CallFacts, what: string) {
    super(call, what);
  }
}
