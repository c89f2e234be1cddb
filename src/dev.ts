import { readConfig } from './config';
import { readStartArguments } from './dev/arguments';
import { DevOutput, hasColours } from './dev/dev-output';
import { runStack } from './dev/run-stack';
import { runProcess } from './process/run-process';
import { openReportStore } from './report-store/store';

runProcess('dev', async () => {
  const args = readStartArguments(process.argv.slice(2), process.env);
  const config = readConfig('dev');
  const { stdout } = process;
  const output = new DevOutput(stdout, {
    isInteractive: stdout.isTTY === true && process.env['TERM'] !== 'dumb',
    hasColours: hasColours(process.env, stdout.isTTY === true),
    verbose: args.verbose,
    // Drains all processes.
    onClosed: () => process.kill(process.pid, 'SIGHUP'),
  });
  process.once('exit', () => output.close());
  const initStore = async () => {
    const { reportStore, reportStoreId } = config;
    // The worker rejects S3 with its own message.
    if (reportStore.kind === 'folder') await openReportStore(reportStore, undefined, reportStoreId).init();
  };
  process.exitCode = await runStack({ args, config, initStore }, output);
  // A pending read of Temporal, which has ended, must not keep this process running.
  process.exit();
});
