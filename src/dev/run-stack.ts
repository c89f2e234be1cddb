import { onSignals } from '../process/shutdown';
import { runDemo } from './demo';
import type { DevOutput } from './dev-output';
import { confirmFresh, removeSandboxData, sandboxDataFiles } from './fresh';
import { DATA_FOLDER, type DevOptions, LOG_FOLDER, usesSandbox } from './options';
import { RunRecord } from './run-record';
import { Supervisor } from './supervisor';

const WRONG_USAGE = 2;

/** Locks the data folder, runs the stack and the demo until a signal or, with `once`, until the samples close, then drains. Resolves to the exit status. */
export async function runStack(options: DevOptions, output: DevOutput): Promise<number> {
  const interrupted = new Promise<'interrupted'>((resolve) => {
    onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], { first: () => resolve('interrupted'), second: () => process.exit(1) });
  });
  const record = await RunRecord.acquire(DATA_FOLDER, (text) => output.message(text)).catch(printKnownFault(output));
  if (typeof record === 'number') return record;
  const status = await prepareFresh(options, output);
  if (status !== null) {
    record.release();
    return status;
  }
  const supervisor = new Supervisor(LOG_FOLDER, {
    line: (name, line) => output.line(name, line),
    message: (text) => output.message(text),
    runningPids: (pids) => record.recordPids(pids),
  });
  process.once('exit', () => supervisor.kill());
  const abort = new AbortController();
  const demo = runDemo(options, supervisor, output, abort.signal);
  const end = await Promise.race([demo, interrupted, supervisor.failure]).catch(printKnownFault(output));
  if (end === 'interrupted') output.message('stopping all services; press Ctrl-C again to kill them');
  abort.abort();
  await output.phase('draining', () => supervisor.stop());
  record.release();
  if (end === 'interrupted') output.message('all services have stopped');
  if (end === 'interrupted') return options.args.once ? 1 : 0;
  return end;
}

/** Prints a fault whose class has a `kind`, because its message is written for the user. Throws any other. */
function printKnownFault(output: DevOutput): (error: unknown) => number {
  return (error) => {
    if (!(error instanceof Error && 'kind' in error && typeof error.kind === 'string')) throw error;
    output.message(error.message);
    return error.kind === 'usage' ? WRONG_USAGE : 1;
  };
}

/** Removes the data of the sandbox if `--fresh` is set. Returns the exit status if the start must not continue, otherwise null. */
async function prepareFresh(options: DevOptions, output: DevOutput): Promise<number | null> {
  const { fresh, yes } = options.args;
  if (!fresh) return null;
  if (!usesSandbox(options)) {
    output.message('--fresh works with the sandbox only, and credentials of the real Human API are set.');
    return WRONG_USAGE;
  }
  const files = sandboxDataFiles(DATA_FOLDER);
  if (files.length === 0) {
    output.message('the sandbox has no data to delete');
    return null;
  }
  const answer = yes ? 'yes' : await confirmFresh(files);
  if (answer === 'no-terminal') {
    output.message(`--fresh would delete ${files.join(', ')}. Without a terminal, confirm it with --fresh --yes.`);
    return WRONG_USAGE;
  }
  if (answer === 'no') {
    output.message('nothing was deleted or started');
    return 1;
  }
  removeSandboxData(DATA_FOLDER);
  output.message(`deleted: ${files.join(', ')}`);
  return null;
}
