import pino from 'pino';
import { describeError } from './describe-error';

/** The logger of every process: pino's interface. */
export type Logger = pino.Logger;

/** Lines that wait for a reader of stderr that does not read; beyond it they are dropped, so that a stuck log never stops an answer. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * JSON lines on stderr; stdout carries the ready line and the output of commands only. No error object reaches the sink: whatever is logged
 * goes through {@link describeError}. Field values are the caller's duty: pseudonyms, counts and codes, never a person's data.
 */
export function createLogger(
  options: { readonly process: string; readonly level: string },
  sink: pino.DestinationStream = pino.destination({ dest: 2, sync: false, maxLength: MAX_BUFFERED_BYTES }),
): Logger {
  return pino(
    {
      level: options.level,
      base: { process: options.process, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: withoutErrors },
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
}

function withoutErrors(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? describeError(value) : value]),
  );
}
