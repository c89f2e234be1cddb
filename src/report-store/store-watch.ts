import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/log';
import { StoreNotFound } from './errors';
import type { ReportStore } from './port';

export interface StoreWatch {
  /** Whether the last check found the store. */
  isReady(): boolean;
  /** Resolves to true when the store is ready for the first time, or to false if `signal` aborts before. */
  readonly whenReady: Promise<boolean>;
}

/** A mounted disk is noticed within this time. */
const CHECK_EVERY_MS = 5_000;

/**
 * Checks the store until `signal` aborts. Logs once that it is not ready and what to do, and once that it is ready again.
 * `identifiesLegacy`: gives a store of 0.1.0 an identity, until it is ready for the first time.
 */
export function watchStore(options: {
  readonly store: Pick<ReportStore, 'identity' | 'identifyLegacy'>;
  readonly identifiesLegacy: boolean;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}): StoreWatch {
  const { store, identifiesLegacy, log, signal, everyMs = CHECK_EVERY_MS } = options;
  let isReady = false;
  let loggedFault: string | null = null;
  let resolve = (_isReady: boolean) => {};
  const whenReady = new Promise<boolean>((settle) => {
    resolve = settle;
  });

  const findFault = async (): Promise<Error | null> => {
    try {
      await store.identity();
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error('the report store failed');
    }
  };

  /** Only before it was ready: later, a folder without identity is a disk that was unmounted. */
  const identifyLegacy = async (): Promise<Error | null> => {
    const identity = await store.identifyLegacy().catch(() => null);
    if (identity) log.info({ storeId: identity.id }, 'REPORT_STORE was made by 0.1.0; it now has an identity');
    return findFault();
  };

  async function check(wasReady: boolean): Promise<void> {
    const first = await findFault();
    const mayIdentify = first instanceof StoreNotFound && identifiesLegacy && !wasReady;
    const fault = mayIdentify ? await identifyLegacy() : first;
    isReady = fault === null;
    if (fault === null) {
      if (loggedFault !== null) log.info('REPORT_STORE is ready');
      resolve(true);
    } else if (fault.message !== loggedFault) {
      log.error(`REPORT_STORE is not ready: ${fault.message}`);
    }
    loggedFault = fault?.message ?? null;
  }

  async function watch(): Promise<void> {
    for (let wasReady = false; !signal.aborted; wasReady ||= isReady) {
      await check(wasReady);
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
    resolve(false);
  }
  void watch();
  return { isReady: () => isReady, whenReady };
}
