import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  type ConnectionLike,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { isLoopbackHost } from '../process/loopback';
import { createRefusalWatch, refusalIn, refusalText, TemporalRefused } from './refusal';
import { hostOf, type TemporalSettings } from './settings';

/** pino's logger is one. */
interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** How long to wait for Temporal, and who is told that we do. */
export interface Waiting {
  /** Told at the first failure, about every 30 s after it (a refusal: every minute), and when the wait is over. */
  readonly log: Log;
  /** Ends the wait; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** For ever, where nothing is said. A wait that has an end ends at once where Temporal refuses the key or certificate. */
  readonly giveUpAfterMs?: number;
}

/** Temporal did not answer, or not for our namespace, for as long as the caller was willing to wait. The last failure is the cause. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
  readonly kind = 'temporal-unreachable';

  constructor({ connection, namespace }: TemporalSettings, waitedMs: number, cause: unknown) {
    const what = isNamespaceMissing(cause) ? `the namespace "${namespace}"` : 'a Temporal server';
    const tls = connection.tls
      ? '; a server that wants another certificate than TEMPORAL_TLS_* names does not answer either'
      : '';
    super(
      `expected ${what} at ${connection.address}, none answered within ${Math.round(waitedMs / 1_000)} s; ` +
        `start one (npm start does), or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE to one that runs${tls}`,
      { cause },
    );
  }
}

/**
 * A client that connects when it is first used: making it never fails, and it outlives every outage. Without a data converter all is in clear.
 * `log` gets a line where Temporal refuses the key or certificate.
 */
export function lazyClient(settings: TemporalSettings, dataConverter?: DataConverter, log?: Log): Client {
  const { connection, namespace } = settings;
  const retries = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
  const lazy = Connection.lazy({
    ...connection,
    channelArgs: isLoopbackHost(hostOf(connection.address)) ? { ...RECONNECTING, ...WITHOUT_PROXY } : RECONNECTING,
    ...(log && { interceptors: [createRefusalWatch(settings, log), retries] }),
  });
  return new Client({ connection: lazy, namespace, ...(dataConverter && { dataConverter }) });
}

/** A client whose server has answered for our namespace. @throws TemporalUnreachable; TemporalRefused; the signal's reason */
export async function connectClient(
  settings: TemporalSettings,
  waiting: Waiting,
  dataConverter?: DataConverter,
): Promise<Client> {
  const client = lazyClient(settings, dataConverter);
  try {
    await untilReachable(settings, waiting, () => probe(client.connection, settings.namespace));
    return client;
  } catch (error) {
    await client.connection.close();
    throw error;
  }
}

/** Repeats an attempt to reach Temporal until it succeeds. @throws TemporalUnreachable; TemporalRefused; the signal's reason */
export async function untilReachable<T>(
  settings: TemporalSettings,
  { log, signal, giveUpAfterMs = Number.POSITIVE_INFINITY }: Waiting,
  attempt: () => Promise<T>,
): Promise<T> {
  const { connection, namespace } = settings;
  const at = { address: connection.address, namespace };
  const beganMs = performance.now();
  let said = { ms: Number.NEGATIVE_INFINITY, refusal: null as string | null };
  for (;;) {
    try {
      signal?.throwIfAborted();
      const reached = await attempt();
      if (said.ms > 0) log.info(at, 'Temporal answers');
      return reached;
    } catch (error) {
      signal?.throwIfAborted();
      const nowMs = performance.now();
      const refusal = refusalIn(error);
      if (refusal !== null && giveUpAfterMs !== Number.POSITIVE_INFINITY)
        throw new TemporalRefused(settings, refusal, error);
      if (nowMs - beganMs >= giveUpAfterMs) throw new TemporalUnreachable(settings, nowMs - beganMs, error);
      const sayEveryMs = refusal === null ? SAY_EVERY_MS : SAY_REFUSED_EVERY_MS;
      if (refusal !== said.refusal || nowMs - said.ms >= sayEveryMs) {
        said = { ms: nowMs, refusal };
        const what = isNamespaceMissing(error) ? `its namespace "${namespace}"` : 'it to answer';
        // An administrator may renew a key or a certificate; the worker that waits then goes on.
        if (refusal !== null) log.error({ ...at, error }, refusalText(settings, refusal));
        else log.warn({ ...at, error }, `Temporal at ${connection.address}: waiting for ${what}`);
      }
      await sleep(TRY_AGAIN_MS, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** Asks for the namespace: a dev server listens some moments before it has one, and a mistyped one must not look like a server that is up. */
export async function probe(connection: Pick<ConnectionLike, 'withDeadline' | 'workflowService'>, namespace: string) {
  await connection.withDeadline(Date.now() + PROBE_TIMEOUT_MS, () =>
    connection.workflowService.describeNamespace({ namespace }),
  );
}

/** gRPC would try a lost server again after up to two minutes; notices and applicants should not wait that long for one that is back. */
const RECONNECTING = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 2_000 };
/** gRPC for Node takes http_proxy and https_proxy for every host, this machine too. */
const WITHOUT_PROXY = { 'grpc.enable_http_proxy': 0 };
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const PROBE_TIMEOUT_MS = 3_000;
const TRY_AGAIN_MS = 1_000;
/** Often enough to be seen, too seldom to fill a log. */
const SAY_EVERY_MS = 30_000;
const SAY_REFUSED_EVERY_MS = 60_000;
/** gRPC's number (grpc.io, "Status codes"). */
const NOT_FOUND = 5;

function isNamespaceMissing(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === NOT_FOUND;
}
