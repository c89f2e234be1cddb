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
    const safe = Object.fromEntries(KNOWN_SAFE.filter((key) => meta[key] !== undefined).map((key) => [key, meta[key]]));
    const failure = failureType(meta['error']);
    log[LEVELS[level]]({ ...safe, ...(failure !== null && { failure }) }, firstLine(message));
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

/** A failure's type (ours: NothingYet, Unavailable ...) or its class. */
function failureType(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { type } = error as { type?: unknown };
  return typeof type === 'string' ? type : error.name;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
