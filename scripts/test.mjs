// npm test [-- jest's arguments]: installs, builds, gets the Temporal servers and runs jest; the last line is "N passed, N failed".
import { ensureBuilt } from './set-up/ensure.mjs';
import { close, runJest } from './set-up/jest.mjs';
import { command } from './set-up/project.mjs';
import { findTemporalCli, findTestServer } from './temporal.mjs';

// What measures time has the machine to itself: beside others it would measure those.
const MEASURED = 'test/budgets/reference-applicant|test/webhook/time-limit';

await command(async () => {
  await ensureBuilt();
  const [cli, testServer] = await Promise.all([findTemporalCli(), findTestServer()]);
  const env = { ...process.env, TEMPORAL_CLI_PATH: cli, TEMPORAL_TEST_SERVER_PATH: testServer };
  const args = process.argv.slice(2);
  if (args.length > 0) return close([await runJest({ args, env })]);
  const together = await runJest({ args, settings: ['--testPathIgnorePatterns', MEASURED], env });
  const measured = await runJest({ args, settings: ['--runInBand', '--testPathPatterns', MEASURED], env });
  return close([together, measured]);
});
