import pino from 'pino';
import { describeError } from './describe-error';

/** The logger of every process: pino's interface. */
export type Logger = pino.Logger;

/** Lines that wait for a reader of stderr that does not read; beyond it they are dropped, so that a stuck log never stops an answer. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * JSON lines on stderr; stdout carries the ready line and the output of commands only. No error object reaches the sink: whatever is logged
 * goes through {@link describeError}, and a field that is not in {@link KNOWN_SAFE} shows its type instead of its value. The text of a line is
 * the caller's duty: written by us, never a person's data.
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
      // pino would print a bare error's message as the line's text.
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
  // pino formats no child's bindings; a child of the child inherits this.
  const { child } = log;
  log.child = function <Levels extends string>(
    bindings: pino.Bindings,
    childOptions?: pino.ChildLoggerOptions<Levels>,
  ) {
    return Reflect.apply(child<Levels>, this, [knownSafe(bindings), childOptions]);
  };
  return log;
}

/** What may stand in a line as it is: pseudonyms, ids, counts, addresses and codes of ours. A new field is added here by whoever means it to be read. */
const KNOWN_SAFE: ReadonlySet<string> = new Set([
  ...['process', 'pid', 'part', 'requestId', 'address', 'namespace', 'taskQueue', 'searchAttributes', 'schedule'],
  ...['clientUserId', 'humanId', 'kind', 'to', 'result', 'fate', 'why', 'refusal', 'signature', 'segment', 'failure'],
  ...['category', 'count', 'bytes', 'segments', 'notices', 'accepted', 'ignored', 'undelivered', 'notAfter'],
  ...['sdkComponent', 'workflowId', 'runId', 'workflowType', 'activityType', 'activityId', 'attempt', 'storeId'],
]);
/** What may stand there as a number only. */
const SAFE_COUNTS: ReadonlySet<string> = new Set(['secrets', 'notifications', 'other', 'wrapped']);
/** The longest id that we give out is shorter; more is a text that somebody put there. */
const LONGEST_VALUE = 256;

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
  if (typeof value === 'string') return value.length > LONGEST_VALUE ? '<string>' : value;
  return typeof value === 'number' || typeof value === 'boolean' ? value : `<${typeof value}>`;
}
