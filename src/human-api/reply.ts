import { type CallFacts, Unavailable } from './errors';
import type { Refusal } from './refusal';

/** An answer of any status but those that mean "slow down": the content that was asked for, or what came instead. */
export type Reply<Content> =
  | { readonly facts: CallFacts; readonly refusal: null; readonly content: Content }
  | { readonly facts: CallFacts; readonly refusal: Refusal; readonly content: null };

/** What was asked for. @throws Unavailable for every answer that the caller has not taken as one */
export function contentOf<Content>({ facts, refusal, content }: Reply<Content>): Content {
  if (refusal === null) return content;
  const status = facts.status ?? 0;
  if (status >= 300 && status < 400) {
    throw new Unavailable(facts, `answered with a redirect (${status}), which is never followed; check the base URL`);
  }
  throw new Unavailable(facts, `answered ${status}${refusal.kind === 'html' ? ' with an HTML page' : ''}`);
}

/** A 404 that is upstream's own word: a proxy's says nothing about a person or a report. */
export function isNotFound({ facts, refusal }: Reply<unknown>): boolean {
  return facts.status === 404 && refusal?.kind === 'enveloped';
}
