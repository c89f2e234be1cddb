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

/**
 * The first server that obeys priorities by default. Measured by the order in which it dispatches three runs with the keys 5, 1 and 3:
 * 1.29.1 and 1.30.2 ignore the keys, 1.31.2 and 1.32.0 obey them.
 */
const REQUIRED = [1, 31] as const;
/** By default, gRPC waits up to two minutes before it connects to a lost server again. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 2_000 };
/** gRPC for Node uses http_proxy and https_proxy for every host, loopback included. */
const NO_PROXY = { 'grpc.enable_http_proxy': 0 };
/** An answer takes milliseconds; this bounds a server that accepts a connection and does not answer. */
const PROBE_TIMEOUT_MS = 3_000;
const RETRY_MS = 1_000;
const LOG_EVERY_MS = 30_000;
const LOG_REJECTION_EVERY_MS = 60_000;

interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface ReachOptions {
  /** Gets the first failure, then one line about every 30 s (60 s for a rejection), then a line that Temporal answers. */
  readonly log: Log;
  /** Ends the wait: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Without it, the wait has no limit. With it, a rejected key or certificate ends the wait at once. */
  readonly giveUpAfterMs?: number;
}

/** Temporal did not answer, or the namespace was missing, within the time limit. The last failure is the cause. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
  readonly kind = 'temporal-unreachable';

  constructor({ connection, namespace }: TemporalSettings, waitedMs: number, cause: unknown) {
    const { address, tls } = connection;
    const seconds = Math.round(waitedMs / 1_000);
    const certificate = tls ? '; a server that rejects the certificate in TEMPORAL_TLS_* does not answer either' : '';
    super(
      isNamespaceMissing(cause)
        ? `Temporal at ${address} has no namespace "${namespace}" after ${seconds} s: create it, or set TEMPORAL_NAMESPACE`
        : `no Temporal server answered at ${address} within ${seconds} s: start one (npm start does), or set TEMPORAL_ADDRESS${certificate}`,
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
        const waiting = isNamespaceMissing(error)
          ? `waiting for the namespace "${namespace}" of Temporal at ${connection.address}`
          : `waiting for Temporal at ${connection.address} to answer`;
        // An administrator may renew the key or certificate; a waiting worker then continues.
        if (rejection !== null) log.error({ ...logFields, error }, describeRejection(settings, rejection));
        else log.warn({ ...logFields, error }, waiting);
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

/** A warning for a server that is older than required; null for a newer one, and for a version of another form. */
export function describeOldServer(version: string | null | undefined): string | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  const isOlder = Number(major) < REQUIRED[0] || (Number(major) === REQUIRED[0] && Number(minor) < REQUIRED[1]);
  if (!isOlder) return null;
  return (
    `the Temporal server has version ${major}.${minor}; ${REQUIRED.join('.')} or newer is required, because an older one ignores priorities, ` +
    'and new applicants may wait behind polls and notices'
  );
}

/** Warns if the server is older than required. Never throws: a server may hide its version. */
export async function warnIfServerOld(
  connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline' | 'withAbortSignal'>,
  log: Pick<Log, 'warn'>,
): Promise<void> {
  const info = await callWithDeadline(connection, () => connection.workflowService.getSystemInfo({})).catch(() => null);
  const text = describeOldServer(info?.serverVersion);
  if (text !== null) log.warn({}, text);
}

function isNamespaceMissing(error: unknown): boolean {
  return hasStatus(error, GRPC.NOT_FOUND);
}
