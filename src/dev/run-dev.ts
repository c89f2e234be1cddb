import { onSignals } from '../process/shutdown';
import { runDemo } from './demo';
import { confirmFresh, type QuestionIo, removeSandboxData, sandboxDataFiles } from './fresh';
import type { DevOptions } from './options';
import { RunRecord } from './run-record';
import { Supervisor } from './supervisor';
import type { Terminal } from './terminal';

const WRONG_USAGE = 2;

/** Locks the data folder, runs the stack and the demo until a signal or, with `once`, until the samples close, then drains. Resolves to the exit status. */
export async function runDev(options: DevOptions, terminal: Terminal, io: QuestionIo): Promise<number> {
  const interrupted = new Promise<'interrupted'>((resolve) => {
    onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], { first: () => resolve('interrupted'), second: () => process.exit(1) });
  });
  const record = await RunRecord.acquire(options.dataFolder, (text) => terminal.message(text)).catch(
    printKnownFault(terminal),
  );
  if (typeof record === 'number') return record;
  const status = await prepareFresh(options, terminal, io);
  if (status !== null) {
    record.release();
    return status;
  }
  const supervisor = new Supervisor(options.logFolder, {
    line: (name, line) => terminal.line(name, line),
    message: (text) => terminal.message(text),
    runningPids: (pids) => record.note(pids),
  });
  process.once('exit', () => supervisor.kill());
  const abort = new AbortController();
  const demo = runDemo(options, supervisor, terminal, abort.signal);
  const end = await Promise.race([demo, interrupted, supervisor.lost]).catch(printKnownFault(terminal));
  if (end === 'interrupted') terminal.message('stopping all services; press Ctrl-C again to kill them');
  abort.abort();
  await terminal.phase('draining', () => supervisor.stop());
  record.release();
  if (end === 'interrupted') return options.once ? 1 : 0;
  return end;
}

/** Prints a fault whose class has a `kind`, because its message is written for the user. Throws any other. */
function printKnownFault(terminal: Terminal): (error: unknown) => number {
  return (error) => {
    if (!(error instanceof Error && 'kind' in error && typeof error.kind === 'string')) throw error;
    terminal.message(error.message);
    return error.kind === 'usage' ? WRONG_USAGE : 1;
  };
}

/** Removes the data of the sandbox if `--fresh` is set. Returns the exit status if the start must not continue, otherwise null. */
async function prepareFresh(
  { fresh, usesSandbox, dataFolder }: DevOptions,
  terminal: Terminal,
  io: QuestionIo,
): Promise<number | null> {
  if (fresh === null) return null;
  if (!usesSandbox) {
    terminal.message('--fresh works with the sandbox only, and credentials of the real Human API are set.');
    return WRONG_USAGE;
  }
  const files = sandboxDataFiles(dataFolder);
  if (files.length === 0) {
    terminal.message('the sandbox has no data to delete');
    return null;
  }
  const answer = fresh === 'yes' ? 'yes' : await confirmFresh(files, io);
  if (answer === 'no-terminal') {
    terminal.message(`--fresh would delete ${files.join(', ')}. Without a terminal, confirm it with --fresh --yes.`);
    return WRONG_USAGE;
  }
  if (answer === 'no') {
    terminal.message('nothing was deleted or started');
    return 1;
  }
  removeSandboxData(dataFolder);
  terminal.message(`deleted: ${files.join(', ')}`);
  return null;
}
