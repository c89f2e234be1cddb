import { onUnsyncedFolder, UNSYNCED_FOLDER } from '../disk/folders';
import { describeError } from '../observability/describe-error';
import { createLogger } from '../observability/log';
import { createRegistry } from '../observability/metrics';
import { ConfigurationError } from './configuration-fault';
import { excludeLoopback } from './loopback';

/**
 * Runs a root's `main`. A ConfigurationError ends the process with status 2 and its message on stderr. An unexpected error ends it with status 1
 * and one JSON line on stderr. The line has the stack frames but not the message, which may quote personal data; Node's own report would
 * print it.
 */
export function runProcess(processName: string, main: () => Promise<void>): void {
  const fail = (error: unknown): never => {
    if (error instanceof ConfigurationError) {
      process.stderr.write(`${error.message}\n`);
      return process.exit(2);
    }
    const line = { level: 'fatal', time: new Date().toISOString(), process: processName, error: describeError(error) };
    process.stderr.write(
      `${JSON.stringify({ ...line, at: stackFrames(error), msg: 'ended by an unexpected failure' })}\n`,
    );
    return process.exit(1);
  };
  // Corporate shells set proxies without excluding this machine.
  Object.assign(process.env, excludeLoopback(process.env));
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  main().catch(fail);
}

/** The frames behind V8's header `name: message`; none if the stack does not start with it. */
function stackFrames(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const header = error.message === '' ? error.name : `${error.name}: ${error.message}`;
  if (error.stack?.startsWith(`${header}\n`) !== true) return [];
  const frames = error.stack.slice(header.length + 1).split('\n');
  return frames.map((frame) => frame.trim());
}

/** The log and the metrics of a worker, webhook or api. The log also shows once if the file system cannot sync folders. */
export function openLogAndMetrics(processName: string, level: string) {
  const log = createLogger({ process: processName, level });
  onUnsyncedFolder((code) => log.warn({ why: code }, UNSYNCED_FOLDER));
  return { log, registry: createRegistry(processName) };
}

/**
 * Prints the ready line for supervisors: `{"event":"ready","process":"webhook","addresses":[...]}`. `addresses`: the URLs on which the process
 * listens; null for a server that is off.
 */
export function announceReady(
  processName: string,
  addresses: readonly (string | null)[],
  out: Pick<NodeJS.WritableStream, 'write'> = process.stdout,
): void {
  const listening = addresses.filter((address) => address !== null);
  out.write(`${JSON.stringify({ event: 'ready', process: processName, addresses: listening })}\n`);
}
