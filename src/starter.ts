import { openApplicantsText } from './cli/applicants-text';
import { readArguments } from './cli/arguments';
import { readAuditActor } from './cli/audit-actor';
import { openTerminal } from './cli/open-terminal';
import { runStarter } from './cli/starter';
import { exitOnConfigurationError, namesSet, readConfig } from './config';
import { beginCommandAudit, closeCommandAudit, openCommandAudit } from './process/audit-process';
import { runProcess } from './process/run-process';
import { createApplicants } from './temporal/applicants';
import { connectClient } from './temporal/connection';
import { createDataConverter } from './temporal/data-converter';
import { ensureSearchAttributes } from './temporal/search-attributes';

runProcess('starter', async () => {
  const args = readArguments(process.argv.slice(2));
  const config = exitOnConfigurationError(() => readConfig('starter'));
  const { terminal, out, signal, waiting } = openTerminal();

  const connect = async () => {
    const { namespace } = config.temporal;
    const client = await connectClient(config.temporal, waiting, createDataConverter(config.payload, namespace));
    await ensureSearchAttributes(client.connection, namespace, waiting);
    return createApplicants({ client, taskQueue: config.taskQueue });
  };
  const who = readAuditActor();
  const command = { settings: config.audit, process: 'starter', who, names: namesSet() } as const;
  let opened: ReturnType<typeof openCommandAudit> | undefined;
  const audit = () => {
    opened ??= openCommandAudit(command).then(async (each) => {
      await beginCommandAudit(each, command);
      return each;
    });
    return opened;
  };
  const deps = { connect, policy: config.policy, audit, who, openFile: openApplicantsText, out, terminal, signal };
  const status = await runStarter(args, deps);
  await closeCommandAudit(opened, terminal.write);
  process.exit(status);
});
