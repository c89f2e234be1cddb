// npm run test:api: calls the api of a whole installation with requests that Schemathesis makes from docs/openapi.json, and
// fails for a 5xx or an answer that the file does not describe. Needs Python 3. The last line is "N passed, N failed".
import { findTemporalCli } from './servers/find.mjs';
import { findSchemathesis } from './servers/schemathesis.mjs';
import { ensureBuilt } from './set-up/ensure.mjs';
import { printTotal, runJest } from './set-up/jest.mjs';
import { runCommand } from './set-up/project.mjs';

await runCommand(async () => {
  await ensureBuilt();
  const [cli, packages] = await Promise.all([findTemporalCli(), findSchemathesis()]);
  const env = { ...process.env, TEMPORAL_CLI_PATH: cli, SCHEMATHESIS_PACKAGES: packages };
  const settings = ['--testMatch', '**/test/contract/*.contract.ts', '--runInBand'];
  return printTotal([await runJest({ args: process.argv.slice(2), settings, env })]);
});
