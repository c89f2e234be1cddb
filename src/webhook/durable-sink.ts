import type { Spool } from '../spool/spool';
import { type ParsedNotice, serializeNotice } from '../upstream/notices';
import type { Circuit } from './circuit';
import type { WebhookMetrics } from './metrics';
import type { NoticeSink, OfferToTemporal, Taken } from './notice-sink';

/** Temporal is waited for so long; with upstream's 3 s in mind, and half a second for everything else. */
const TEMPORAL_TIMEOUT_MS = 2_000;
/** What the spool has not taken by then is answered 503: the rest up to 2.5 s is for a loop that is late. */
const SPOOL_TIMEOUT_MS = 2_300;
/** While Temporal is known to be away and the disk does not answer, Temporal is asked all the same: one of the two may be back. */
const SPOOL_PATIENCE_MS = 1_000;
/** Sealing, writing and syncing a notice of a large array: it begins so much earlier, for then the array is not through anyway. */
const SPOOL_MS_A_NOTICE = 0.05;
const MOST_SPOOL_MS = 800;

/** Makes notices durable in Temporal, or else in the spool; what has nowhere to go is ignored before either is asked. */
export function createDurableSink(deps: {
  readonly offer: OfferToTemporal;
  readonly spool: Spool | null;
  readonly circuit: Circuit;
  readonly metrics: WebhookMetrics;
  readonly temporalTimeoutMs?: number | undefined;
}): NoticeSink & { /** Requests that wait for Temporal. */ live(): number } {
  const { offer, spool, circuit, metrics, temporalTimeoutMs = TEMPORAL_TIMEOUT_MS } = deps;
  let live = 0;

  async function askTemporal(notices: readonly ParsedNotice[], untilMs: number) {
    const timeMs = untilMs - Date.now();
    live += 1;
    const taken = await offer(notices, untilMs).finally(() => {
      live -= 1;
    });
    if (taken.answered) circuit.reached();
    // What a slow sender left of the time says nothing about Temporal, nor does a notice for which it was not asked.
    else if (spool !== null && taken.undelivered.length > taken.deferred.length && timeMs >= temporalTimeoutMs / 2)
      circuit.missed();
    const { deferred } = taken;
    if (deferred.length > 0)
      metrics.notices.inc({ kind: 'report', to: 'mailbox', result: 'deferred' }, deferred.length);
    return taken;
  }

  /** Null where the spool has them all. */
  async function putIntoSpool(
    into: Spool,
    notices: readonly ParsedNotice[],
    untilMs: number,
    isDeferred = false,
  ): Promise<{ failure: unknown } | null> {
    if (notices.length === 0) return null;
    try {
      await into.append(notices.map(serializeNotice), untilMs, { isDeferred });
    } catch (failure) {
      return { failure };
    }
    for (const { kind } of notices) metrics.notices.inc({ kind, to: 'spool', result: 'accepted' });
    return null;
  }

  async function keep(notices: readonly ParsedNotice[], sinceMs: number): Promise<Taken> {
    const temporalUntilMs = sinceMs + temporalTimeoutMs;
    if (spool === null) return askTemporal(notices, temporalUntilMs);
    const spooled: Taken = { accepted: notices.length, ignored: 0, undelivered: [], failure: null };
    if (circuit.open && (await putIntoSpool(spool, notices, sinceMs + SPOOL_PATIENCE_MS)) === null) return spooled;

    const spoolMs = Math.min(MOST_SPOOL_MS, notices.length * SPOOL_MS_A_NOTICE);
    const taken = await askTemporal(notices, temporalUntilMs - spoolMs);
    if (taken.undelivered.length === 0) return taken;
    const deferred = new Set(taken.deferred);
    const others = taken.undelivered.filter((notice) => !deferred.has(notice));
    const spoolUntilMs = sinceMs + SPOOL_TIMEOUT_MS;
    const [failed, failedDeferred] = await Promise.all([
      putIntoSpool(spool, others, spoolUntilMs),
      putIntoSpool(spool, taken.deferred, spoolUntilMs, true),
    ]);
    const undelivered = [...(failed === null ? [] : others), ...(failedDeferred === null ? [] : taken.deferred)];
    const accepted = taken.accepted + taken.undelivered.length - undelivered.length;
    const failure = (failed ?? failedDeferred ?? taken).failure;
    return { ...taken, accepted, undelivered, failure };
  }

  return {
    async take(notices, sinceMs) {
      const wanted = notices.filter(({ kind }) => kind !== 'other');
      const junk = notices.length - wanted.length;
      if (junk > 0) metrics.notices.inc({ kind: 'other', to: 'nowhere', result: 'ignored' }, junk);
      if (wanted.length === 0) return { accepted: 0, ignored: junk, undelivered: [], failure: null };
      const taken = await keep(wanted, sinceMs);
      return { ...taken, ignored: taken.ignored + junk };
    },
    live: () => live,
  };
}
