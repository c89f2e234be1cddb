import { type Client, type ConnectionLike, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';

/** The client, and the task queue of the workflows. */
export interface TemporalDeps {
  readonly client: Client;
  readonly taskQueue: string;
}

/** gRPC's status codes (grpc.io, "Status codes"). */
export const GRPC = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The trailer with the details of a status, in protobuf. */
const STATUS_DETAILS = 'grpc-status-details-bin';
/** An answer takes milliseconds; this bounds a server that accepts a connection and does not answer. */
const CALL_TIMEOUT_MS = 10_000;

/** The default deadline of a call, in ms since 1970. */
export function defaultDeadlineMs(): number {
  return Date.now() + CALL_TIMEOUT_MS;
}

/**
 * Runs `call`. The calls of the client in it end by `untilMs`, ms since 1970, or with the signal; its reason is then thrown. A nested
 * `callWithDeadline` replaces the deadline. Throws what the client throws.
 */
export async function callWithDeadline<T>(
  client: Pick<ConnectionLike, 'withDeadline' | 'withAbortSignal'>,
  call: () => Promise<T>,
  untilMs = defaultDeadlineMs(),
  signal?: AbortSignal,
): Promise<T> {
  if (!signal) return client.withDeadline(untilMs, call);
  signal.throwIfAborted();
  // Each call gets its own signal, because the client never removes its listeners: a long wait would collect them.
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await client.withAbortSignal(own.signal, () => client.withDeadline(untilMs, call));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Null if Temporal has no such workflow. */
export async function nullIfNotFound<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isWorkflowNotFound(error)) return null;
    throw error;
  }
}

/** A missing namespace is NOT_FOUND too; only the details of the status distinguish the two. */
export function isWorkflowNotFound(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const status = grpcErrorOf(error);
  if (status?.code !== GRPC.NOT_FOUND) return false;
  const details = status.metadata.get(STATUS_DETAILS)[0];
  return details === undefined
    ? !/^namespace /i.test(status.details)
    : !Buffer.from(details).includes('NamespaceNotFoundFailure');
}

/** Whether the error, or its cause, is a gRPC error with one of these codes. */
export function hasStatus(error: unknown, ...codes: readonly number[]): boolean {
  const status = grpcErrorOf(error);
  return status !== null && codes.includes(status.code);
}

/** Whether Temporal did not answer, or not in time: the same call may succeed later. */
export function isTransient(error: unknown): boolean {
  const { UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS } = GRPC;
  return hasStatus(error, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS);
}

/** Whether the account may not make this call, or the server does not have it: Temporal Cloud has no operator service. */
export function isNotAllowed(error: unknown): boolean {
  return hasStatus(error, GRPC.PERMISSION_DENIED, GRPC.UNIMPLEMENTED, GRPC.UNAUTHENTICATED);
}

/** Yields the pages of a list. It ends if `read` returns null. */
export async function* readPages<P extends { readonly nextPageToken?: Uint8Array | null }>(
  read: (page: { readonly nextPageToken?: Uint8Array }) => Promise<P | null>,
): AsyncGenerator<P> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await read(nextPageToken ? { nextPageToken } : {});
    if (page === null) return;
    yield page;
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}

/** The context of a workflow's payloads, for the data converter: its codec binds them to the workflow. */
export function payloadContext({ options }: Client, workflowId: string) {
  return { type: 'workflow' as const, namespace: options.namespace, workflowId };
}

/** A time or a duration of Temporal's in ms; null if it is missing. */
export function toMs(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number | null {
  return time ? Number(time.seconds ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1e6) : null;
}

/** The client wraps gRPC's error in its own. */
function grpcErrorOf(error: unknown) {
  for (let at: unknown = error; at; at = (at as { cause?: unknown }).cause) if (isGrpcServiceError(at)) return at;
  return null;
}
