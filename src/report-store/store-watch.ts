import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/log';
import { StoreNotFound } from './errors';
import type { ReportStore } from './port';

export interface StoreWatch {
  /** Whether the last check found the store. */
  isThere(): boolean;
  /** Resolves when the store is there for the first time; rejects if `signal` aborts before. */
  readonly whenThere: Promise<void>;
}

/** The longest wait after a disk was mounted. */
const CHECK_EVERY_MS = 5_000;

/**
 * Checks the store until `signal` aborts. Logs once that it is not there and what to do, and once that it is back.
 * `identifiesLegacy`: gives a store of 0.1.0 an identity, until it is there for the first time.
 */
export function watchStore(options: {
  readonly store: Pick<ReportStore, 'identity' | 'identifyLegacy'>;
  readonly identifiesLegacy: boolean;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}): StoreWatch {
  const { store, identifiesLegacy, log, signal, everyMs = CHECK_EVERY_MS } = options;
  let isThere = false;
  let loggedFault: string | null = null;
  let resolve = () => {};
  let reject = (_reason: unknown) => {};
  const whenThere = new Promise<void>((onThere, onAbort) => {
    resolve = onThere;
    reject = onAbort;
  });
  whenThere.catch(() => undefined); // a caller may not wait for it

  const findFault = async (): Promise<Error | null> => {
    try {
      await store.identity();
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error('the report store failed');
    }
  };

  /** Only before it was there: later, a folder without identity is a disk that was unmounted. */
  const identifyLegacy = async (): Promise<Error | null> => {
    const identity = await store.identifyLegacy().catch(() => null);
    if (identity) log.info({ storeId: identity.id }, 'REPORT_STORE was made by 0.1.0; it now has an identity');
    return findFault();
  };

  async function check(wasThere: boolean): Promise<void> {
    const first = await findFault();
    const mayIdentify = first instanceof StoreNotFound && identifiesLegacy && !wasThere;
    const fault = mayIdentify ? await identifyLegacy() : first;
    isThere = fault === null;
    if (fault === null) {
      if (loggedFault !== null) log.info('REPORT_STORE is there');
      resolve();
    } else if (fault.message !== loggedFault) {
      log.error(`REPORT_STORE is not ready: ${fault.message}`);
    }
    loggedFault = fault?.message ?? null;
  }

  async function watch(): Promise<void> {
    for (let wasThere = false; !signal.aborted; wasThere ||= isThere) {
      await check(wasThere);
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
    reject(signal.reason);
  }
  void watch();
  return { isThere: () => isThere, whenThere };
}
