import { isIdentifier } from './describe-error';
import { type Logger, SDK_FIELDS } from './log';

/** The logger interface of Temporal's SDK, declared here because this folder must not import Temporal. */
export interface SdkLogger extends Record<'trace' | 'debug' | 'info' | 'warn' | 'error', SdkLog> {
  log(level: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR', ...args: Parameters<SdkLog>): void;
}
type SdkLog = (message: string, meta?: Record<string | symbol, unknown>) => void;

/** Forwards the SDK's log lines to our log, with safe fields only and the type of a failure instead of its message. */
export function sdkLogger(log: Logger): SdkLogger {
  const at =
    (level: (typeof LEVELS)[keyof typeof LEVELS]): SdkLog =>
    (message, meta = {}) => {
      const safe = Object.fromEntries(SDK_FIELDS.filter((key) => isPlain(meta[key])).map((key) => [key, meta[key]]));
      log[level]({ ...safe, ...failureFields(meta['error']) }, message.split('\n', 1)[0] ?? '');
    };
  return {
    log: (level, message, meta) => at(LEVELS[level])(message, meta),
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Human API's request id: 32 hex digits, with or without the dashes of a UUID. */
const REQUEST_ID = /^[0-9a-f-]{32,36}$/i;

/** The parts of a failure that a log line may show. */
interface FailureFields {
  /** Its type (`NothingYet`, `Unavailable` ...) or its class. */
  readonly failure?: string;
  /** `BENIGN` ... */
  readonly category?: string;
  /** Human API's id of the failed request, for their support. */
  readonly requestId?: string;
}

function failureFields(error: unknown): FailureFields {
  if (!(error instanceof Error)) return {};
  const { type, category, requestId } = error as { type?: unknown; category?: unknown; requestId?: unknown };
  const failure = [type, error.name].find(isIdentifier) ?? 'Error';
  const hasRequestId = typeof requestId === 'string' && REQUEST_ID.test(requestId);
  return { failure, ...(isIdentifier(category) && { category }), ...(hasRequestId && { requestId }) };
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
