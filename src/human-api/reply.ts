import { type CallFacts, Unavailable, Undecided } from '../upstream/errors';
import type { ErrorBody } from './error-body';
import { UNDECIDED } from './undecided-reasons';

/**
 * What proves that an error which decides about a person or a document is upstream's own: `strict`, a well-formed `x-humanapi-request-id` in the body, because
 * default errors of gateways and frameworks have the form of upstream's envelopes; `lenient`, any of those envelopes.
 */
export type Envelopes = 'strict' | 'lenient';

/** An answer of any status but those that mean "slow down": the content that was asked for, or what came instead. */
export type Reply<Content> =
  | { readonly facts: CallFacts; readonly refusal: null; readonly content: Content }
  | { readonly facts: CallFacts; readonly refusal: ErrorBody; readonly content: null };

/** What was asked for. @throws Unavailable for every answer that the caller has not taken as upstream's word */
export function requireContent<Content>({ facts, refusal, content }: Reply<Content>): Content {
  if (refusal === null) return content;
  const status = facts.status ?? 0;
  if (status >= 300 && status < 400) {
    throw new Unavailable(facts, `answered with a redirect (${status}), which is never followed; check the base URL`);
  }
  throw new Unavailable(facts, `answered ${status}${ERROR_BODY_TEXT[refusal.kind]}`, {
    isUpstreamsWord: refusal.kind === 'enveloped',
  });
}

/** What came with the status, for an error's message. */
const ERROR_BODY_TEXT: Readonly<Record<ErrorBody['kind'], string>> = {
  enveloped: '',
  similar: " in no form of Human API's",
  empty: ' without a body',
  html: ' with an HTML page',
  other: " in no form of Human API's",
};

/** True where upstream itself refused the request with one of these statuses: a gateway's word with them says nothing. */
export function isRejected(
  { facts, refusal }: Reply<unknown>,
  isMeant: (status: number) => boolean,
  envelopes: Envelopes = 'lenient',
): boolean {
  if (refusal?.kind !== 'enveloped' || facts.status === null || !isMeant(facts.status)) return false;
  return isIdentified(facts, refusal, envelopes);
}

/** True for upstream's own word that there is no such person. @throws Undecided for a 404 that may be another's */
export function isMissingPerson({ facts, refusal }: Reply<unknown>, envelopes: Envelopes): boolean {
  if (facts.status !== 404) return false;
  if (isIdentified(facts, refusal, envelopes)) return true;
  throw new Undecided(facts, isEnvelopeLike(refusal) ? UNDECIDED.unidentified404 : UNDECIDED.foreign404);
}

/** The same of a deletion, which a lenient upstream may answer without a body. @throws Undecided */
export function isAlreadyDeleted(reply: Reply<unknown>, envelopes: Envelopes): boolean {
  const { facts, refusal } = reply;
  if (facts.status !== 404 || refusal?.kind !== 'empty') return isMissingPerson(reply, envelopes);
  if (envelopes === 'lenient') return true;
  throw new Undecided(facts, UNDECIDED.unidentified404);
}

/** True for upstream's own word that the details are invalid. @throws Undecided for a 400 that may be another's */
export function isInvalid({ facts, refusal }: Reply<unknown>, envelopes: Envelopes): boolean {
  if (facts.status !== 400 || !isEnvelopeLike(refusal)) return false;
  if (isIdentified(facts, refusal, envelopes)) return true;
  throw new Undecided(facts, UNDECIDED.unidentified400);
}

function isIdentified({ requestId }: CallFacts, refusal: ErrorBody | null, envelopes: Envelopes): boolean {
  return isEnvelopeLike(refusal) && (envelopes === 'lenient' || requestId !== null);
}

/** Of upstream's envelopes, or so similar that operators have to hear of it. */
function isEnvelopeLike(refusal: ErrorBody | null): boolean {
  return refusal?.kind === 'enveloped' || refusal?.kind === 'similar';
}
