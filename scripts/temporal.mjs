// node scripts/temporal.mjs cli|test-server: prints the path of Temporal's CLI (which contains the dev server) or of its
// time-skipping test server. Downloads it if this machine has none. With TEMPORAL_ADDRESS neither is needed.
import { findTemporalCli, findTestServer } from './servers/find.mjs';
import { runCommand, SetupError } from './set-up/project.mjs';

const FINDERS = { cli: findTemporalCli, 'test-server': findTestServer };

await runCommand(async () => {
  const find = FINDERS[process.argv[2]];
  if (find === undefined) throw new SetupError('usage: node scripts/temporal.mjs cli|test-server');
  process.stdout.write(`${await find()}\n`);
});
