import { readArguments } from './cli/arguments';
import { attended } from './cli/attended';
import { openApplicantsFile } from './cli/open-file';
import { runStarter } from './cli/starter';
import { cliUser } from './cli/who';
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
  const { terminal, out, signal, waiting } = attended();

  const connect = async () => {
    const { namespace } = config.temporal;
    const client = await connectClient(config.temporal, waiting, createDataConverter(config.payload, namespace));
    await ensureSearchAttributes(client.connection, namespace, waiting);
    return createApplicants({ client, taskQueue: config.taskQueue });
  };
  const who = cliUser();
  const command = { settings: config.audit, process: 'starter', who, names: namesSet() } as const;
  let opened: ReturnType<typeof openCommandAudit> | undefined;
  const audit = () => {
    opened ??= openCommandAudit(command).then(async (each) => {
      await beginCommandAudit(each, command);
      return each;
    });
    return opened;
  };
  const deps = { connect, policy: config.policy, audit, who, openFile: openApplicantsFile, out, terminal, signal };
  const status = await runStarter(args, deps);
  await closeCommandAudit(opened, terminal.say);
  process.exit(status);
});
