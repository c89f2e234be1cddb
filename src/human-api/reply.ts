import { type CallFacts, Unavailable, Undecided } from '../upstream/errors';
import type { ErrorBody } from './error-body';
import { UNDECIDED } from './undecided-reasons';

/**
 * What proves that Human API itself sent an error about a person or a document. `strict`: a well-formed `x-humanapi-request-id`, because default errors
 * of gateways look like an envelope; `lenient`: any envelope.
 */
export type Envelopes = 'strict' | 'lenient';

/** An answer, except a rate limit: the requested content, or the error body in its place. */
export type Reply<Content> =
  | { readonly facts: CallFacts; readonly errorBody: null; readonly content: Content }
  | { readonly facts: CallFacts; readonly errorBody: ErrorBody; readonly content: null };

/** Returns the content. @throws Unavailable for any error: the caller handles the others first */
export function requireContent<Content>({ facts, errorBody, content }: Reply<Content>): Content {
  if (errorBody === null) return content;
  const status = facts.status ?? 0;
  if (status >= 300 && status < 400) {
    throw new Unavailable(facts, `answered with a redirect (${status}), which is never followed; check the base URL`);
  }
  throw new Unavailable(facts, `answered ${status}${ERROR_BODY_TEXT[errorBody.kind]}`, {
    isFromUpstream: errorBody.kind === 'enveloped',
  });
}

/** Describes the body, for the error's message. */
const ERROR_BODY_TEXT: Readonly<Record<ErrorBody['kind'], string>> = {
  enveloped: '',
  similar: ', but the answer is not from Human API',
  empty: ' without a body',
  html: ' with an HTML page',
  other: ', but the answer is not from Human API',
};

/**
 * True if Human API itself rejected the request with such a status. The same status from a gateway proves nothing. `lenient` by default, which is
 * enough for an answer that does not by itself decide about a person or a document.
 */
export function isRejected(
  { facts, errorBody }: Reply<unknown>,
  hasStatus: (status: number) => boolean,
  envelopes: Envelopes = 'lenient',
): boolean {
  if (errorBody?.kind !== 'enveloped' || facts.status === null || !hasStatus(facts.status)) return false;
  return isIdentified(facts, errorBody, envelopes);
}

/** True if Human API itself answers that there is no such person. @throws Undecided for a 404 that may be a gateway's */
export function isMissingPerson({ facts, errorBody }: Reply<unknown>, envelopes: Envelopes): boolean {
  if (facts.status !== 404) return false;
  if (isIdentified(facts, errorBody, envelopes)) return true;
  throw new Undecided(facts, isEnvelopeLike(errorBody) ? UNDECIDED.unidentified404 : UNDECIDED.foreign404);
}

/** The same for a deletion, whose 404 may have no body under `lenient`. @throws Undecided */
export function isAlreadyDeleted(reply: Reply<unknown>, envelopes: Envelopes): boolean {
  const { facts, errorBody } = reply;
  if (facts.status !== 404 || errorBody?.kind !== 'empty') return isMissingPerson(reply, envelopes);
  if (envelopes === 'lenient') return true;
  throw new Undecided(facts, UNDECIDED.unidentified404);
}

/** True if Human API itself answers that the details are invalid. @throws Undecided for a 400 that may be a gateway's */
export function isInvalid({ facts, errorBody }: Reply<unknown>, envelopes: Envelopes): boolean {
  if (facts.status !== 400 || !isEnvelopeLike(errorBody)) return false;
  if (isIdentified(facts, errorBody, envelopes)) return true;
  throw new Undecided(facts, UNDECIDED.unidentified400);
}

function isIdentified({ requestId }: CallFacts, errorBody: ErrorBody | null, envelopes: Envelopes): boolean {
  return isEnvelopeLike(errorBody) && (envelopes === 'lenient' || requestId !== null);
}

/** True for an envelope, and for a body so similar that operators should see it. */
function isEnvelopeLike(errorBody: ErrorBody | null): boolean {
  return errorBody?.kind === 'enveloped' || errorBody?.kind === 'similar';
}
