import pino from 'pino';
import { describeError } from './describe-error';

/** pino's interface. */
export type Logger = pino.Logger;

/** Beyond it, lines are dropped if the reader of stderr stalls, so that a log never blocks a request. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * Writes JSON lines to stderr. Errors are logged as {@link describeError} returns them, and a field that is not in {@link KNOWN_SAFE} as its
 * type instead of its value. Callers must not put data into the message.
 */
export function createLogger(
  options: { readonly process: string; readonly level: string },
  sink: pino.DestinationStream = pino.destination({ dest: 2, sync: false, maxLength: MAX_BUFFERED_BYTES }),
): Logger {
  const log = pino(
    {
      level: options.level,
      base: { process: options.process, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: knownSafe },
      // pino would use the message of a bare error as the text of the line.
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as unknown[];
          const described = first instanceof Error ? [{ error: first }, ...rest] : [first, ...rest];
          method.apply(
            this,
            described.map((arg, index) => (index > 0 && arg instanceof Error ? arg.name : arg)) as never,
          );
        },
      },
    },
    sink,
  );
  // pino does not format the bindings of a child logger. Children of children inherit this.
  const { child } = log;
  log.child = function <Levels extends string>(
    bindings: pino.Bindings,
    childOptions?: pino.ChildLoggerOptions<Levels>,
  ) {
    return Reflect.apply(child<Levels>, this, [knownSafe(bindings), childOptions]);
  };
  return log;
}

/** The fields of Temporal's SDK that are safe to log: ids, names and numbers. Its `error` holds messages and stacks, which may quote data. */
export const SDK_FIELDS = [
  'sdkComponent',
  'workflowId',
  'runId',
  'workflowType',
  'activityType',
  'activityId',
  'attempt',
  'taskQueue',
];
/** Fields that are logged with their value: pseudonyms, ids, counts, addresses and codes. Add a new field here to make it readable. */
const KNOWN_SAFE: ReadonlySet<string> = new Set([
  ...['process', 'pid', 'part', 'requestId', 'address', 'namespace', 'searchAttributes', 'schedule', 'storeId'],
  ...['clientUserId', 'humanId', 'kind', 'to', 'result', 'fate', 'why', 'refusal', 'signature', 'segment', 'failure'],
  ...['category', 'count', 'bytes', 'segments', 'notices', 'accepted', 'ignored', 'undelivered', 'notAfter'],
  ...SDK_FIELDS,
]);
/** Fields that are logged only as numbers. */
const SAFE_COUNTS: ReadonlySet<string> = new Set(['secrets', 'notifications', 'other', 'wrapped']);
/** Our ids are shorter; a longer value is some other text. */
const MAX_VALUE_LENGTH = 256;

function knownSafe(fields: Record<string, unknown>): Record<string, unknown> {
  const isKnown = (key: string, value: unknown) =>
    KNOWN_SAFE.has(key) || (typeof value === 'number' && SAFE_COUNTS.has(key));
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, safeValue(value, isKnown(key, value))]));
}

function safeValue(value: unknown, known: boolean): unknown {
  if (value === null || value === undefined) return value;
  if (value instanceof Error) return describeError(value);
  if (!known) return `<${typeof value}>`;
  if (Array.isArray(value)) return value.map((part) => (Array.isArray(part) ? '<object>' : safeValue(part, true)));
  if (typeof value === 'string') return value.length > MAX_VALUE_LENGTH ? '<string>' : value;
  return typeof value === 'number' || typeof value === 'boolean' ? value : `<${typeof value}>`;
}
