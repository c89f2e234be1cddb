import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/log';
import { StoreNotFound } from './errors';
import type { ReportStore } from './port';

/** Whether the report store is there, looked at now and then. */
export interface StoreWatch {
  isThere(): boolean;
  /** Resolves once it is there; rejects when `signal` aborts before. */
  readonly whenThere: Promise<void>;
}

/** A person who mounts the disk waits no longer than this. */
const LOOK_EVERY_MS = 5_000;

/**
 * Looks at the store until `signal` aborts. The log says once that it is not there and what to do, and once that it is back.
 * `adopts`: until it is there for the first time, a store of 0.1.0 gets its identity.
 */
export function watchStore(options: {
  readonly store: Pick<ReportStore, 'identity' | 'adopt'>;
  readonly adopts: boolean;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}): StoreWatch {
  const { store, adopts, log, signal, everyMs = LOOK_EVERY_MS } = options;
  let isThere = false;
  let toldOf: string | null = null;
  let found = () => {};
  let stopped = (_reason: unknown) => {};
  const whenThere = new Promise<void>((resolve, reject) => {
    found = resolve;
    stopped = reject;
  });
  // Whether anyone waits for it is not ours to know.
  whenThere.catch(() => undefined);

  const fault = async (): Promise<Error | null> => {
    try {
      await store.identity();
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error('the report store failed');
    }
  };

  /** Only before it was there: later, a folder without identity is a disk that was taken away. */
  const adopt = async (): Promise<Error | null> => {
    const adopted = await store.adopt().catch(() => null);
    if (adopted) log.info({ storeId: adopted.id }, 'REPORT_STORE was made by 0.1.0 and has an identity from now on');
    return fault();
  };

  async function look(wasThere: boolean): Promise<void> {
    const first = await fault();
    const why = first instanceof StoreNotFound && adopts && !wasThere ? await adopt() : first;
    isThere = why === null;
    if (why === null) {
      if (toldOf !== null) log.info('REPORT_STORE is there');
      found();
    } else if (why.message !== toldOf) {
      log.error(`REPORT_STORE is not ready: ${why.message}`);
    }
    toldOf = why?.message ?? null;
  }

  async function watch(): Promise<void> {
    for (let wasThere = false; !signal.aborted; wasThere ||= isThere) {
      await look(wasThere);
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
    stopped(signal.reason);
  }
  void watch();
  return { isThere: () => isThere, whenThere };
}
