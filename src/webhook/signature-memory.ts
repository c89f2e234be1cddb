/**
 * Which signed requests and nonces have been acknowledged, so that none counts twice. It is this process's alone, gone with it, and bounded:
 * another webhook, or this one after a restart, takes a replay within the tolerance, which the workflow's own idempotence makes harmless.
 */
export interface SignatureMemory {
  /** `fresh`: under way from now on, until {@link settle} is called with the same marks. */
  begin(marks: Marks): 'fresh' | 'under-way' | 'same-request' | 'same-nonce';
  /** Only what was acknowledged counts as used: upstream may send again, signed as before, what we answered 503. */
  settle(marks: Marks, acknowledged: boolean): void;
}

/** What a good signature carries. */
interface Marks {
  readonly request: string;
  readonly nonce: string;
}

/** Two a request, some 150 bytes each: 40 MB when full, which takes 200 requests a second for ten minutes. Beyond it the oldest are forgotten. */
const MOST_MARKS = 250_000;

/** Remembers for twice the tolerance: a timestamp may be ahead of our clock by one, and is good until one after itself. */
export function createSignatureMemory(options: {
  readonly toleranceMs: number;
  readonly mostMarks?: number;
  readonly nowMs?: () => number;
}): SignatureMemory {
  const { toleranceMs, mostMarks = MOST_MARKS, nowMs = Date.now } = options;
  const underWay = new Set<string>();
  const used = new Map<string, number>(); // mark to when it may be forgotten, in the order of use, which is the same

  const forget = (): void => {
    for (const [mark, untilMs] of used) {
      if (untilMs > nowMs() && used.size <= mostMarks) return;
      used.delete(mark);
    }
  };

  return {
    begin({ request, nonce }) {
      forget();
      if (used.has(request)) return 'same-request';
      if (used.has(nonce)) return 'same-nonce';
      if (underWay.has(request) || underWay.has(nonce)) return 'under-way';
      underWay.add(request).add(nonce);
      return 'fresh';
    },
    settle({ request, nonce }, acknowledged) {
      underWay.delete(request);
      underWay.delete(nonce);
      if (!acknowledged) return;
      used.set(request, nowMs() + 2 * toleranceMs).set(nonce, nowMs() + 2 * toleranceMs);
      forget();
    },
  };
}
