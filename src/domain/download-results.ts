import { DAY_MS, HOUR_MS, type Policy } from './policy';
import type { StoredDocument } from './reports';

/** What became of a document that was asked for. */
export type DownloadResult =
  | { readonly kind: 'stored'; readonly document: StoredDocument }
  | { readonly kind: 'not-offered' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'unavailable'; readonly detail: string }
  /** 400 or 415 in none of upstream's envelopes, again and again for a while: a gateway's fault, or a format that is not offered. */
  | { readonly kind: 'unenveloped'; readonly detail: string };

/** Why a wanted version is not stored: upstream's answer, or our failure and when it is tried again (null: never). */
export type DownloadFailure =
  | { readonly reason: 'not-offered'; readonly detail: string }
  | {
      readonly reason: 'failed';
      readonly detail: string;
      /** How often upstream answered, but not with the document: an outage is no answer. */
      readonly tries: number;
      readonly firstAtMs: number;
      readonly retryAtMs: number | null;
      /** Upstream said 404: worth another try only if a later list still names it. */
      readonly goneAtMs: number | null;
      /** Since when the answers have been `unenveloped`; absent where they are not. */
      readonly unenvelopedSinceMs?: number;
    };

/** A document that could not be had for this long is given up. */
const GIVE_UP_MS = DAY_MS;
/** A document that upstream serves broken is tried in this many rounds. */
const BROKEN_ROUNDS = 2;
/** A document that is listed but answered 404 is tried this often. */
const GONE_TRIES = 3;
/** An answer outside of upstream's envelopes counts as upstream's once it has persisted for so long. */
const UNENVELOPED_FOR_MS = HOUR_MS;
/** What is remembered of a document that did not come; `before` is what was remembered until now. `otherFormat`: another format of the report is stored. */
export function toDownloadFailure(
  fetched: Exclude<DownloadResult, { kind: 'stored' }>,
  before: DownloadFailure | undefined,
  nowMs: number,
  policy: Policy,
  otherFormat = false,
): DownloadFailure {
  if (fetched.kind === 'not-offered') {
    return { reason: 'not-offered', detail: 'the report does not come in this format' };
  }
  const failed = before?.reason === 'failed' ? before : null;
  const isOutage = fetched.kind === 'unavailable' || fetched.kind === 'unenveloped';
  const tries = (failed?.tries ?? 0) + (isOutage ? 0 : 1);
  // An outage in between says nothing of the format.
  const unenvelopedSinceMs = isOutage
    ? (failed?.unenvelopedSinceMs ?? (fetched.kind === 'unenveloped' ? nowMs : null))
    : null;
  const persists = unenvelopedSinceMs !== null && nowMs - unenvelopedSinceMs >= UNENVELOPED_FOR_MS;
  if (fetched.kind === 'unenveloped' && persists && otherFormat) {
    return {
      reason: 'not-offered',
      detail: 'the report does not come in this format (answered in no form of Human API)',
    };
  }
  const firstAtMs = failed?.firstAtMs ?? nowMs;
  const common = { reason: 'failed', tries, firstAtMs } as const;
  switch (fetched.kind) {
    case 'gone':
      return {
        ...common,
        detail: 'listed, but not to be found',
        retryAtMs: tries < GONE_TRIES ? nowMs : null,
        goneAtMs: nowMs,
      };
    case 'broken':
      // A second round after the settle window: upstream may have rendered it anew by then.
      return {
        ...common,
        detail: fetched.detail,
        retryAtMs: tries < BROKEN_ROUNDS ? nowMs + Math.min(policy.settleMs.allSynced, HOUR_MS) : null,
        goneAtMs: null,
      };
    case 'unavailable':
    case 'unenveloped':
      return {
        ...common,
        detail: fetched.detail,
        retryAtMs: nowMs - firstAtMs < GIVE_UP_MS ? nowMs + HOUR_MS : null,
        goneAtMs: null,
        ...(unenvelopedSinceMs !== null && { unenvelopedSinceMs }),
      };
  }
}
