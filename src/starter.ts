import { openApplicantsText } from './cli/applicants-text';
import { readStarterArguments } from './cli/arguments';
import { createCommandAudit } from './cli/command-audit';
import { runStarter } from './cli/starter';
import { openTerminal } from './cli/terminal';
import { listSetNames, readConfig } from './config';
import { runProcess } from './process/run-process';
import { createApplicants } from './temporal/applicants';
import { connectClient } from './temporal/connection';
import { createDataConverter } from './temporal/data-converter';
import { ensureSearchAttributes } from './temporal/search-attributes';

runProcess('starter', async () => {
  const args = readStarterArguments(process.argv.slice(2));
  const config = readConfig('starter');
  const { terminal, print, signal, reach } = openTerminal();
  const connect = async () => {
    const { namespace } = config.temporal;
    const client = await connectClient(config.temporal, reach, createDataConverter(config.payload, namespace));
    await ensureSearchAttributes(client.connection, namespace, reach);
    return createApplicants({ client, taskQueue: config.taskQueue });
  };
  const { write } = terminal;
  const audit = createCommandAudit({ settings: config.audit, process: 'starter', names: listSetNames(), write });
  const status = await runStarter(args, {
    connect,
    policy: config.policy,
    audit: audit.open,
    actor: audit.actor,
    openFile: openApplicantsText,
    print,
    terminal,
    signal,
  });
  await audit.close();
  process.exit(status);
});
