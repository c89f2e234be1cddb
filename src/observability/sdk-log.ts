import type { Logger } from './log';

/** The logger that Temporal's SDK wants, as a structure of our own: this folder knows no Temporal. */
export interface SdkLogger {
  log(level: SdkLevel, message: string, meta?: Record<string | symbol, unknown>): void;
  trace(message: string, meta?: Record<string | symbol, unknown>): void;
  debug(message: string, meta?: Record<string | symbol, unknown>): void;
  info(message: string, meta?: Record<string | symbol, unknown>): void;
  warn(message: string, meta?: Record<string | symbol, unknown>): void;
  error(message: string, meta?: Record<string | symbol, unknown>): void;
}
type SdkLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** What of the SDK's records is ours to know: ids, names and numbers. Its `error` fields hold messages and stacks in clear. */
const KNOWN_SAFE = [
  'sdkComponent',
  'workflowId',
  'runId',
  'workflowType',
  'activityType',
  'activityId',
  'attempt',
  'taskQueue',
];

/** Sends the SDK's log lines into ours, with known-safe fields only and the failure's type instead of the failure. */
export function sdkLogger(log: Logger): SdkLogger {
  const write = (level: SdkLevel, message: string, meta: Record<string | symbol, unknown> = {}): void => {
    const safe = Object.fromEntries(KNOWN_SAFE.filter((key) => isPlain(meta[key])).map((key) => [key, meta[key]]));
    log[LEVELS[level]]({ ...safe, ...failureOf(meta['error']) }, firstLine(message));
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Types, classes and categories are identifiers; anything else may be data that somebody put there. */
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Human API's id of a request: 32 hex digits, as a UUID or without dashes. */
const REQUEST_ID = /^[0-9a-f-]{32,36}$/i;

/** What of a failure may stand in a log line. */
interface FailureFields {
  /** Its type (ours: NothingYet, Unavailable ...) or its class. */
  readonly failure?: string;
  /** BENIGN ... */
  readonly category?: string;
  /** Human API's id of the request that failed: their support asks for it. */
  readonly requestId?: string;
}

function failureOf(error: unknown): FailureFields {
  if (!(error instanceof Error)) return {};
  const { type, category, requestId } = error as { type?: unknown; category?: unknown; requestId?: unknown };
  const failure = [type, error.name].find(isIdentifier) ?? 'Error';
  const hasRequestId = typeof requestId === 'string' && REQUEST_ID.test(requestId);
  return { failure, ...(isIdentifier(category) && { category }), ...(hasRequestId && { requestId }) };
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value);
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
