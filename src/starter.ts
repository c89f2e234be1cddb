import { readArguments } from './cli/arguments';
import { attended } from './cli/attended';
import { openApplicantsFile } from './cli/open-file';
import { runStarter } from './cli/starter';
import { exitOnConfigurationError, readConfig } from './config';
import { runProcess } from './observability/run-process';
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
  const deps = { connect, policy: config.policy, openFile: openApplicantsFile, out, terminal, signal };
  process.exit(await runStarter(args, deps));
});
