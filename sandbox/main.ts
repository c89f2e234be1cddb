import { wallClock } from './clock';
import { clearJournal, openJournal } from './journal';
import { stderrLog } from './log';
import { readOptions, type SandboxOptions } from './options';
import { listing } from './personas/catalogue';
import { makeSandbox, type Sandbox } from './sandbox';

async function main(): Promise<void> {
  const options = readOptions(process.argv);
  if (options.listPersonas) {
    process.stdout.write(`${listing()}\n`);
    return;
  }
  const clock = wallClock();
  const { dataFolder, reset } = options;
  if (dataFolder !== null && reset) clearJournal(dataFolder);
  const memory = dataFolder === null ? undefined : openJournal(dataFolder, clock.nowMs());
  if (memory) stderrLog('remembering', { people: memory.state.people.length, folder: dataFolder ?? '' });
  const sandbox = makeSandbox(options.settings, clock, stderrLog, memory);
  const address = await listen(sandbox, options);
  process.stdout.write(`${JSON.stringify({ event: 'ready', process: 'sandbox', addresses: [address] })}\n`);

  // Kept on: npm and a terminal both pass the signal on, and the second one must not cut the draining short.
  await new Promise<NodeJS.Signals>((resolve) => process.on('SIGTERM', resolve).on('SIGINT', resolve));
  await sandbox.close();
}

/** The address. What was opened is closed again where it cannot be had. */
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
