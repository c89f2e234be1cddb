import { wallClock } from './clock';
import { clearJournal, openJournal } from './journal';
import { stderrLog } from './log';
import { readOptions, type SandboxOptions } from './options';
import { formatPersonas } from './personas/catalogue';
import { createSandbox, type Sandbox } from './sandbox';

async function main(): Promise<void> {
  const options = readOptions(process.argv);
  if (options.listPersonas) {
    process.stdout.write(`${formatPersonas()}\n`);
    return;
  }
  const clock = wallClock();
  const { dataFolder, reset } = options;
  if (dataFolder !== null && reset) clearJournal(dataFolder);
  const saved = dataFolder === null ? undefined : openJournal(dataFolder, clock.nowMs());
  if (saved) stderrLog('remembering', { people: saved.state.people.length, folder: dataFolder ?? '' });
  const sandbox = createSandbox(options.settings, clock, stderrLog, saved);
  const address = await listen(sandbox, options);
  process.stdout.write(`${JSON.stringify({ event: 'ready', process: 'sandbox', addresses: [address] })}\n`);

  // The handlers stay installed, because npm and the terminal both send the signal and the second one must not end the process early.
  await new Promise<NodeJS.Signals>((resolve) => process.on('SIGTERM', resolve).on('SIGINT', resolve));
  await sandbox.close();
}

/** Returns the address. Closes the sandbox if it cannot listen. */
async function listen(sandbox: Sandbox, { host, port }: SandboxOptions): Promise<string> {
  try {
    return await sandbox.app.listen({ host, port });
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

main().catch((error: unknown) => {
  stderrLog('start-failed', { failure: error instanceof Error ? error.message : String(error) }, 'warn');
  process.exitCode = 1;
});
