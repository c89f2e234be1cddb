import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  type ConnectionLike,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { createLogLimit } from '../process/log-limit';
import { isLoopbackHost } from '../process/loopback';
import { createRejectionWatch, describeRejection, rejectionOf, TemporalRejected } from './rejection';
import { callWithDeadline, GRPC, hasStatus } from './rpc';
import { hostOf, type TemporalSettings } from './settings';

interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** How to wait for Temporal. */
export interface ReachOptions {
  /** Gets the first failure, a reminder about every 30 s (every minute for a rejection), and the end of the wait. */
  readonly log: Log;
  /** Ends the wait: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Without it, the wait has no limit. With it, a rejected key or certificate ends the wait at once. */
  readonly giveUpAfterMs?: number;
}

/** Temporal, or the namespace, did not answer for as long as the caller waited. The last failure is the cause. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
  readonly kind = 'temporal-unreachable';

  constructor({ connection, namespace }: TemporalSettings, waitedMs: number, cause: unknown) {
    const what = isNamespaceMissing(cause) ? `the namespace "${namespace}"` : 'a Temporal server';
    const tls = connection.tls
      ? '; a server that requires another certificate than TEMPORAL_TLS_* names does not answer either'
      : '';
    super(
      `expected ${what} at ${connection.address}, none answered within ${Math.round(waitedMs / 1_000)} s; ` +
        `start one (npm start does), or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE to a running one${tls}`,
      { cause },
    );
  }
}

/**
 * A client that connects at its first call: creating it never fails, and it survives outages. Without a data converter, payloads are not
 * encrypted. `log` gets a line if Temporal rejects the key or certificate.
 */
export function createLazyClient(settings: TemporalSettings, dataConverter?: DataConverter, log?: Log): Client {
  const { connection, namespace } = settings;
  const retries = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
  const lazy = Connection.lazy({
    ...connection,
    channelArgs: isLoopbackHost(hostOf(connection.address)) ? { ...RECONNECT, ...NO_PROXY } : RECONNECT,
    ...(log && { interceptors: [createRejectionWatch(settings, log), retries] }),
  });
  return new Client({ connection: lazy, namespace, ...(dataConverter && { dataConverter }) });
}

/** A client whose server has answered for the namespace. @throws TemporalUnreachable; TemporalRejected; the signal's reason */
export async function connectClient(
  settings: TemporalSettings,
  options: ReachOptions,
  dataConverter?: DataConverter,
): Promise<Client> {
  const client = createLazyClient(settings, dataConverter);
  try {
    await waitUntilReachable(settings, options, () => probeNamespace(client.connection, settings.namespace));
    return client;
  } catch (error) {
    await client.connection.close();
    throw error;
  }
}

/** Repeats an attempt to reach Temporal until it succeeds. @throws TemporalUnreachable; TemporalRejected; the signal's reason */
export async function waitUntilReachable<T>(
  settings: TemporalSettings,
  { log, signal, giveUpAfterMs = Number.POSITIVE_INFINITY }: ReachOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  const { connection, namespace } = settings;
  const logFields = { address: connection.address, namespace };
  const startedMs = performance.now();
  let logged = null as { readonly rejection: string | null; readonly isDue: () => boolean } | null;
  for (;;) {
    try {
      signal?.throwIfAborted();
      const reached = await attempt();
      if (logged !== null) log.info(logFields, 'Temporal answers');
      return reached;
    } catch (error) {
      signal?.throwIfAborted();
      const nowMs = performance.now();
      const rejection = rejectionOf(error);
      const isLimited = giveUpAfterMs !== Number.POSITIVE_INFINITY;
      if (rejection !== null && isLimited) throw new TemporalRejected(settings, rejection, error);
      if (nowMs - startedMs >= giveUpAfterMs) throw new TemporalUnreachable(settings, nowMs - startedMs, error);
      if (logged?.rejection !== rejection) {
        logged = { rejection, isDue: createLogLimit(rejection === null ? LOG_EVERY_MS : LOG_REJECTION_EVERY_MS) };
      }
      if (logged.isDue()) {
        const what = isNamespaceMissing(error) ? `its namespace "${namespace}"` : 'it to answer';
        // An administrator may renew the key or certificate; a waiting worker then continues.
        if (rejection !== null) log.error({ ...logFields, error }, describeRejection(settings, rejection));
        else log.warn({ ...logFields, error }, `Temporal at ${connection.address}: waiting for ${what}`);
      }
      await sleep(RETRY_MS, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** Reads the namespace: a dev server listens some moments before it has one, and a mistyped namespace must not look like a running server. */
export async function probeNamespace(
  connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline' | 'withAbortSignal'>,
  namespace: string,
): Promise<void> {
  const describe = () => connection.workflowService.describeNamespace({ namespace });
  await callWithDeadline(connection, describe, Date.now() + PROBE_TIMEOUT_MS);
}

/** By default, gRPC waits up to two minutes before it connects to a lost server again. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 2_000 };
/** gRPC for Node uses http_proxy and https_proxy for every host, loopback included. */
const NO_PROXY = { 'grpc.enable_http_proxy': 0 };
/** An answer takes milliseconds; this bounds a server that accepts a connection and does not answer. */
const PROBE_TIMEOUT_MS = 3_000;
const RETRY_MS = 1_000;
const LOG_EVERY_MS = 30_000;
const LOG_REJECTION_EVERY_MS = 60_000;

function isNamespaceMissing(error: unknown): boolean {
  return hasStatus(error, GRPC.NOT_FOUND);
}
