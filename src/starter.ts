import { openApplicantsText } from './cli/applicants-text';
import { readArguments } from './cli/arguments';
import { readAuditActor } from './cli/audit-actor';
import { createCommandAudit } from './cli/command-audit';
import { openTerminal } from './cli/open-terminal';
import { runStarter } from './cli/starter';
import { listSetNames, readConfig } from './config';
import { runProcess } from './process/run-process';
import { createApplicants } from './temporal/applicants';
import { connectClient } from './temporal/connection';
import { createDataConverter } from './temporal/data-converter';
import { ensureSearchAttributes } from './temporal/search-attributes';

runProcess('starter', async () => {
  const args = readArguments(process.argv.slice(2));
  const config = readConfig('starter');
  const { terminal, print, signal, reach } = openTerminal();
  const connect = async () => {
    const { namespace } = config.temporal;
    const client = await connectClient(config.temporal, reach, createDataConverter(config.payload, namespace));
    await ensureSearchAttributes(client.connection, namespace, reach);
    return createApplicants({ client, taskQueue: config.taskQueue });
  };
  const actor = readAuditActor();
  const audit = createCommandAudit({
    ...{ settings: config.audit, process: 'starter', actor, names: listSetNames(), write: terminal.write },
  });
  const deps = { connect, policy: config.policy, audit: audit.open, actor, openFile: openApplicantsText };
  const status = await runStarter(args, { ...deps, print, terminal, signal });
  await audit.close();
  process.exit(status);
});
