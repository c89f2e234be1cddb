import { createExpiringMap } from '../process/expiring-map';

/**
 * The signed requests and nonces that were acknowledged, so that none counts twice. They are in this process only: another webhook, or this one
 * after a restart, accepts a replay within the tolerance, which is harmless because workflows are idempotent.
 */
export interface SignatureMemory {
  /** `fresh`: in progress until {@link finish} is called with the same marks. */
  begin(marks: Marks): 'fresh' | 'under-way' | 'same-request' | 'same-nonce';
  /** Only an acknowledged request uses up its nonce: upstream may repeat a request that was answered 503 with the same signature. */
  finish(marks: Marks, isAcknowledged: boolean): void;
}

/** Digests that a valid signature carries. */
interface Marks {
  readonly request: string;
  readonly nonce: string;
}

/** Two per request, about 40 MB when full: 200 requests a second for ten minutes. */
const MAX_MARKS = 250_000;

/** Remembers for twice the tolerance: a timestamp may be one tolerance ahead of our clock, and is valid for one more after that. */
export function createSignatureMemory(options: {
  readonly toleranceMs: number;
  readonly nowMs?: () => number;
}): SignatureMemory {
  const { toleranceMs, nowMs = Date.now } = options;
  const inProgress = new Set<string>();
  const acknowledged = createExpiringMap<true>({ max: MAX_MARKS, ttlMs: 2 * toleranceMs, nowMs });

  return {
    begin({ request, nonce }) {
      if (acknowledged.has(request)) return 'same-request';
      if (acknowledged.has(nonce)) return 'same-nonce';
      if (inProgress.has(request) || inProgress.has(nonce)) return 'under-way';
      inProgress.add(request).add(nonce);
      return 'fresh';
    },
    finish({ request, nonce }, isAcknowledged) {
      inProgress.delete(request);
      inProgress.delete(nonce);
      if (isAcknowledged) acknowledged.set(request, true).set(nonce, true);
    },
  };
}
