import { readArguments } from './cli/arguments';
import { openApplicantsFile } from './cli/open-file';
import { runStarter } from './cli/starter';
import { createTerminal } from './cli/terminal';
import { exitOnConfigurationError, readConfig } from './config';
import { runProcess } from './observability/run-process';
import { createApplicants } from './temporal/applicants';
import { connectClient } from './temporal/connection';
import { ensureSearchAttributes } from './temporal/search-attributes';

/** Long enough for a server that is just starting; somebody sits before the screen. */
const GIVE_UP_AFTER_MS = 30_000;

runProcess('starter', async () => {
  const args = readArguments(process.argv.slice(2));
  const config = exitOnConfigurationError(() => readConfig('starter'));
  const terminal = createTerminal(process.stderr);
  const log = { info: () => {}, warn: (_: object, text: string) => terminal.say(text) };
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

  const connect = async () => {
    const waiting = { log, signal: stopping.signal, giveUpAfterMs: GIVE_UP_AFTER_MS };
    const client = await connectClient(config.temporal, waiting);
    await ensureSearchAttributes(client.connection, config.temporal.namespace, { log });
    return createApplicants({ client, taskQueue: config.taskQueue });
  };
  const out = (line: string) => void process.stdout.write(`${line}\n`);
  const deps = { connect, policy: config.policy, openFile: openApplicantsFile, out, terminal, signal: stopping.signal };
  process.exit(await runStarter(args, deps));
});
