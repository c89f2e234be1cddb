import { wallClock } from './clock';
import { stderrLog } from './log';
import { readOptions } from './options';
import { listing } from './personas/catalogue';
import { makeSandbox } from './sandbox';

async function main(): Promise<void> {
  const options = readOptions(process.argv);
  if (options.listPersonas) {
    process.stdout.write(`${listing()}\n`);
    return;
  }
  const sandbox = makeSandbox(options.settings, wallClock(), stderrLog);
  const address = await sandbox.app.listen({ host: options.host, port: options.port });
  process.stdout.write(`${JSON.stringify({ event: 'ready', process: 'sandbox', addresses: [address] })}\n`);

  // Kept on: npm and a terminal both pass the signal on, and the second one must not cut the draining short.
  await new Promise<NodeJS.Signals>((resolve) => process.on('SIGTERM', resolve).on('SIGINT', resolve));
  await sandbox.close();
}

main().catch((error: unknown) => {
  stderrLog('start-failed', { failure: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
});
