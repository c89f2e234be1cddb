import { DAY_MS, HOUR_MS, type Policy } from './policy';
import type { StoredDocument } from './reports';

/** The result of a download, as payloads have it. */
export type DownloadResult =
  | { readonly kind: 'stored'; readonly document: StoredDocument }
  | { readonly kind: 'not-offered' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'unavailable'; readonly detail: string }
  /** Repeatedly 400 or 415 without upstream's error body: a gateway answered, or the format is not offered. */
  | { readonly kind: 'unenveloped'; readonly detail: string };

/** Why a wanted version is not stored. */
export type DownloadFailure =
  | { readonly reason: 'not-offered'; readonly detail: string }
  | {
      readonly reason: 'failed';
      readonly detail: string;
      /** How many activities ended without the document; an outage does not count. */
      readonly tries: number;
      readonly firstAtMs: number;
      /** Null: the failure is final. */
      readonly retryAtMs: number | null;
      /** When upstream answered 404: then a retry waits for a later list with the report. Null after another failure. */
      readonly goneAtMs: number | null;
      /** Since when the answers have been `unenveloped`; absent otherwise. */
      readonly unenvelopedSinceMs?: number;
    };

/** An outage longer than this ends the retries. */
const GIVE_UP_MS = DAY_MS;
/** Tries are activities; each requests a broken document up to five times. */
const MAX_BROKEN_TRIES = 2;
const MAX_GONE_TRIES = 3;
/** If `unenveloped` answers last this long, they count as upstream's own. */
const UNENVELOPED_FOR_MS = HOUR_MS;

export const NOT_OFFERED_DETAIL = 'the report does not come in this format';

/** Adds a result to `before`, the failure so far. `hasOtherFormat`: another format of the report is stored. */
export function toDownloadFailure(
  result: Exclude<DownloadResult, { kind: 'stored' }>,
  before: DownloadFailure | undefined,
  nowMs: number,
  policy: Policy,
  hasOtherFormat = false,
): DownloadFailure {
  if (result.kind === 'not-offered') return { reason: 'not-offered', detail: NOT_OFFERED_DETAIL };
  const failed = before?.reason === 'failed' ? before : null;
  const isOutage = result.kind === 'unavailable' || result.kind === 'unenveloped';
  const tries = (failed?.tries ?? 0) + (isOutage ? 0 : 1);
  const firstAtMs = failed?.firstAtMs ?? nowMs;
  const common = { reason: 'failed', tries, firstAtMs, goneAtMs: null } as const;
  switch (result.kind) {
    case 'gone':
      return {
        ...common,
        detail: 'listed, but answered 404',
        retryAtMs: tries < MAX_GONE_TRIES ? nowMs : null,
        goneAtMs: nowMs,
      };
    case 'broken': {
      // After the settle window upstream may have rendered the report again.
      const retryAtMs = nowMs + Math.min(policy.settleMs.allSynced, HOUR_MS);
      return { ...common, detail: result.detail, retryAtMs: tries < MAX_BROKEN_TRIES ? retryAtMs : null };
    }
    case 'unavailable':
    case 'unenveloped': {
      const isUnenveloped = result.kind === 'unenveloped';
      // An outage between such answers does not restart the period.
      const sinceMs = failed?.unenvelopedSinceMs ?? (isUnenveloped ? nowMs : null);
      const persists = sinceMs !== null && nowMs - sinceMs >= UNENVELOPED_FOR_MS;
      if (isUnenveloped && persists && hasOtherFormat) {
        return { reason: 'not-offered', detail: `${NOT_OFFERED_DETAIL} (the answer is not from Human API)` };
      }
      const retryAtMs = nowMs - firstAtMs < GIVE_UP_MS ? nowMs + HOUR_MS : null;
      return { ...common, detail: result.detail, retryAtMs, ...(sinceMs !== null && { unenvelopedSinceMs: sinceMs }) };
    }
  }
}

/** True if the download is not retried. */
export function isFinal(failure: DownloadFailure): boolean {
  return failure.reason === 'not-offered' || failure.retryAtMs === null;
}
