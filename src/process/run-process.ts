import { describeError } from '../observability/describe-error';
import { sparingLoopback } from './loopback';

/**
 * Runs a root's `main`. A failure that nobody decided about ends the process with status 1 and one JSON line on stderr. Node's own report
 * would print the message too, which may quote a person's data; where in the code it happened is told by the frames alone.
 */
export function runProcess(processName: string, main: () => Promise<void>): void {
  const fail = (error: unknown): never => {
    const line = { level: 'fatal', time: new Date().toISOString(), process: processName, error: describeError(error) };
    process.stderr.write(
      `${JSON.stringify({ ...line, at: framesOf(error), msg: 'ended by an unexpected failure' })}\n`,
    );
    return process.exit(1);
  };
  // Shells of companies set proxies and leave this machine out of nothing.
  Object.assign(process.env, sparingLoopback(process.env));
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  main().catch(fail);
}

/** V8 writes `name: message` before the frames; where it did not, there is nothing to go by, and nothing is told. */
function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const header = error.message === '' ? error.name : `${error.name}: ${error.message}`;
  if (error.stack?.startsWith(`${header}\n`) !== true) return [];
  return error.stack
    .slice(header.length + 1)
    .split('\n')
    .map((frame) => frame.trim());
}
