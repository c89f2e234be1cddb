import { isGrpcServiceError } from '@temporalio/client';
import { createLogLimit } from '../process/log-limit';
import { GRPC } from './rpc';
import type { TemporalSettings } from './settings';

const STATUS_NAMES = new Map<unknown, 'UNAUTHENTICATED' | 'PERMISSION_DENIED'>([
  [GRPC.UNAUTHENTICATED, 'UNAUTHENTICATED'],
  [GRPC.PERMISSION_DENIED, 'PERMISSION_DENIED'],
]);
/** The worker's native connection has no code, only the texts of tonic 0.14 (`Code::description`) and rustls. */
const NATIVE_TEXTS: readonly (readonly [text: RegExp, status: string])[] = [
  [/does not have valid authentication credentials/, 'UNAUTHENTICATED'],
  [/does not have permission to execute the specified operation/, 'PERMISSION_DENIED'],
  [/received fatal alert: (?:Certificate|Bad|Unknown|Unsupported|Access|Decrypt)\w*/, 'a TLS alert'],
];

/** Temporal rejected the key or certificate: waiting does not help. The gRPC error is the cause. */
export class TemporalRejected extends Error {
  override readonly name = 'TemporalRejected';
  readonly kind = 'temporal-refused';

  constructor(settings: TemporalSettings, status: string, cause: unknown) {
    super(describeRejection(settings, status), { cause });
  }
}

/** The status with which Temporal rejected the caller; null for any other error. */
export function rejectionOf(error: unknown): string | null {
  if (isGrpcServiceError(error)) return STATUS_NAMES.get(error.code) ?? null;
  if (!(error instanceof Error)) return null;
  const native = error.name === 'TransportError' && NATIVE_TEXTS.find(([text]) => text.test(error.message));
  if (native) return native[1];
  return error.cause === undefined ? null : rejectionOf(error.cause);
}

/** Describes what Temporal rejected, by the names of the variables. Contains nothing that the server sent. */
export function describeRejection({ connection, namespace }: TemporalSettings, status: string): string {
  const { address, apiKey, tls } = connection;
  const hasCertificate = typeof tls === 'object' && tls?.clientCertPair !== undefined;
  const certificate = 'the client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH or TEMPORAL_TLS_CLIENT_CERT_DATA)';
  const credentials = [
    ...(apiKey === undefined ? [] : ['the API key (TEMPORAL_API_KEY)']),
    ...(hasCertificate ? [certificate] : []),
  ];
  const what = credentials.join(' and ') || 'a caller without a key or certificate';
  const remedy =
    credentials.length === 0
      ? 'set TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH'
      : `it may have expired, belong to another environment, or have no access to the namespace "${namespace}"`;
  return `Temporal at ${address} rejected ${what} (${status}): ${remedy}`;
}

/** Describes the rejection of a later call, for callers without the settings; null for any other error. */
export function describeLateRejection(error: unknown): string | null {
  if (error instanceof TemporalRejected) return error.message;
  const status = rejectionOf(error);
  return status === null
    ? null
    : `Temporal rejected the API key (TEMPORAL_API_KEY) or the client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH): ${status}`;
}

/** A gRPC interceptor; grpc-js is not a dependency, so its types cannot be named. */
type Interceptor = (
  options: { readonly method_definition: { readonly path: string } },
  // biome-ignore lint/suspicious/noExplicitAny: the types of grpc-js
  nextCall: (options: any) => any,
  // biome-ignore lint/suspicious/noExplicitAny: the types of grpc-js
) => any;

const LOG_EVERY_MS = 60_000;
/** A valid key may be rejected here: Temporal Cloud has no operator service, and schedules may be managed by someone else. */
const OPTIONAL_CALLS = /OperatorService|Schedule/;

/** Logs when Temporal starts to reject a connection's calls, once a minute while it does, and when it accepts one again. */
export function createRejectionWatch(
  settings: TemporalSettings,
  log: { info(fields: object, text: string): void; error(fields: object, text: string): void },
): Interceptor {
  const { namespace } = settings;
  const logFields = { address: settings.connection.address, namespace };
  let isLogDue: (() => boolean) | null = null; // null: not rejected
  const onStatus = (code: unknown) => {
    const status = STATUS_NAMES.get(code);
    if (status !== undefined) {
      isLogDue ??= createLogLimit(LOG_EVERY_MS);
      if (isLogDue()) log.error(logFields, describeRejection(settings, status));
    } else if (code === GRPC.OK && isLogDue !== null) {
      isLogDue = null;
      log.info(logFields, 'Temporal accepts the key or certificate again');
    }
  };
  return (options, nextCall) => {
    const call = nextCall(options);
    if (OPTIONAL_CALLS.test(options.method_definition.path)) return call;
    const start = call.start.bind(call);
    call.start = (metadata: unknown, listener: Listener) =>
      start(metadata, {
        onReceiveMetadata: (received: unknown) => listener.onReceiveMetadata?.(received),
        onReceiveMessage: (received: unknown) => listener.onReceiveMessage?.(received),
        onReceiveStatus: (received: { readonly code: unknown }) => {
          onStatus(received.code);
          listener.onReceiveStatus?.(received);
        },
      });
    return call;
  };
}

interface Listener {
  onReceiveMetadata?(received: unknown): void;
  onReceiveMessage?(received: unknown): void;
  onReceiveStatus?(received: unknown): void;
}
