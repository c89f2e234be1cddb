import { isGrpcServiceError } from '@temporalio/client';
import type { TemporalSettings } from './settings';

/** gRPC's numbers (grpc.io, "Status codes"). */
const STATUS_NAMES = new Map<unknown, 'UNAUTHENTICATED' | 'PERMISSION_DENIED'>([
  [16, 'UNAUTHENTICATED'],
  [7, 'PERMISSION_DENIED'],
]);
/** The worker's native connection has no code: tonic 0.14 describes it (`Code::description`), and rustls names the alert. */
const NATIVE_TEXTS: readonly (readonly [text: RegExp, status: string])[] = [
  [/does not have valid authentication credentials/, 'UNAUTHENTICATED'],
  [/does not have permission to execute the specified operation/, 'PERMISSION_DENIED'],
  [/received fatal alert: (?:Certificate|Bad|Unknown|Unsupported|Access|Decrypt)\w*/, 'a TLS alert'],
];

/** Temporal answers, and refuses what we show it: waiting does not help. The gRPC error is the cause. */
export class TemporalRefused extends Error {
  override readonly name = 'TemporalRefused';
  readonly kind = 'temporal-refused';

  constructor(settings: TemporalSettings, status: string, cause: unknown) {
    super(refusalText(settings, status), { cause });
  }
}

/** The status with which Temporal refused the caller; null: this error says something else. */
export function refusalIn(error: unknown): string | null {
  if (isGrpcServiceError(error)) return STATUS_NAMES.get(error.code) ?? null;
  if (!(error instanceof Error)) return null;
  const native = error.name === 'TransportError' && NATIVE_TEXTS.find(([text]) => text.test(error.message));
  if (native) return native[1];
  return error.cause === undefined ? null : refusalIn(error.cause);
}

/** What was refused, by the names of the variables that hold it. Holds nothing of what the server said. */
export function refusalText({ connection, namespace }: TemporalSettings, status: string): string {
  const { address, apiKey, tls } = connection;
  const hasCertificate = typeof tls === 'object' && tls?.clientCertPair !== undefined;
  const certificate = 'the client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH or TEMPORAL_TLS_CLIENT_CERT_DATA)';
  const shown = [
    ...(apiKey === undefined ? [] : ['the API key (TEMPORAL_API_KEY)']),
    ...(hasCertificate ? [certificate] : []),
  ];
  const refused = `Temporal at ${address} refused ${shown.join(' and ') || 'a caller without a key or certificate'} (${status})`;
  const remedy =
    shown.length === 0
      ? 'set TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH'
      : `it may have expired, be another environment's, or have no access to the namespace "${namespace}"`;
  return `${refused}: ${remedy}`;
}

/** For a refusal of a call behind the first one, where the settings are not at hand; null: this error says something else. */
export function laterRefusalIn(error: unknown): string | null {
  if (error instanceof TemporalRefused) return error.message;
  const status = refusalIn(error);
  return status === null
    ? null
    : `Temporal refused the API key (TEMPORAL_API_KEY) or the client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH): ${status}`;
}

/** What a connection's calls end with: the gRPC status code of each. */
type Interceptor = (
  options: { readonly method_definition: { readonly path: string } },
  // biome-ignore lint/suspicious/noExplicitAny: grpc-js is no dependency of ours, and names these types
  nextCall: (options: any) => any,
  // biome-ignore lint/suspicious/noExplicitAny: as above
) => any;

/** Logged at most once a minute while it lasts. */
const SAY_EVERY_MS = 60_000;
/** What a key may not do although it is good: Temporal Cloud has no operator service, and schedules may be someone else's. */
const MAY_BE_REFUSED = /OperatorService|Schedule/;

/** Logs when Temporal begins to refuse a connection's calls, once a minute while it does, and when it takes one again. */
export function createRefusalWatch(
  settings: TemporalSettings,
  log: { info(fields: object, text: string): void; error(fields: object, text: string): void },
): Interceptor {
  const { namespace } = settings;
  const at = { address: settings.connection.address, namespace };
  let saidMs: number | null = null;
  const heard = (code: unknown) => {
    const status = STATUS_NAMES.get(code);
    if (status === undefined) {
      if (code === 0 && saidMs !== null) log.info(at, 'Temporal accepts the key or certificate again');
      if (code === 0) saidMs = null;
    } else if (saidMs === null || performance.now() - saidMs >= SAY_EVERY_MS) {
      saidMs = performance.now();
      log.error(at, refusalText(settings, status));
    }
  };
  return (options, nextCall) => {
    const call = nextCall(options);
    if (MAY_BE_REFUSED.test(options.method_definition.path)) return call;
    const start = call.start.bind(call);
    call.start = (metadata: unknown, listener: Listener) =>
      start(metadata, {
        onReceiveMetadata: (received: unknown) => listener.onReceiveMetadata?.(received),
        onReceiveMessage: (received: unknown) => listener.onReceiveMessage?.(received),
        onReceiveStatus: (received: { readonly code: unknown }) => {
          heard(received.code);
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
