// npm test [-- jest's arguments]: installs, builds, finds the Temporal servers and runs jest. The last line is "N passed, N failed".
import { findTemporalCli, findTestServer } from './servers/find.mjs';
import { ensureBuilt } from './set-up/ensure.mjs';
import { printTotal, runJest } from './set-up/jest.mjs';
import { runCommand } from './set-up/project.mjs';

// These tests measure time, so they run alone.
const MEASURED = 'test/budgets/reference-applicant|test/webhook/time-limit';

await runCommand(async () => {
  await ensureBuilt();
  const [cli, testServer] = await Promise.all([findTemporalCli(), findTestServer()]);
  const env = { ...process.env, TEMPORAL_CLI_PATH: cli, TEMPORAL_TEST_SERVER_PATH: testServer };
  const args = process.argv.slice(2);
  if (args.length > 0) return printTotal([await runJest({ args, env })]);
  const concurrent = await runJest({ args, settings: ['--testPathIgnorePatterns', MEASURED], env });
  const measured = await runJest({ args, settings: ['--runInBand', '--testPathPatterns', MEASURED], env });
  return printTotal([concurrent, measured]);
});
