// npm run deploy:check: does by hand what Docker would do with Dockerfile and docker-compose.yml, on a machine without it:
// each step of the Dockerfile in a clean folder, then every process of the compose file in its own environment, with a
// Temporal server on PostgreSQL. Wants Debian's PostgreSQL and Go; minutes the first time, when Temporal is compiled.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './servers/cache.mjs';
import { run } from './set-up/child.mjs';
import { ensureInstalled } from './set-up/ensure.mjs';
import { command, ROOT } from './set-up/project.mjs';
import { findTemporalCli } from './temporal.mjs';

const CHECK = fileURLToPath(import.meta.resolve('../test/deploy/check/deploy-check.ts'));

await command(async () => {
  await ensureInstalled();
  const env = { ...process.env, TEMPORAL_CLI_PATH: await findTemporalCli(), CHARTWAY_CACHE: cacheFolder() };
  // With jest, as the recorder of histories: it runs the tests' support files as they are, and finds no check by itself.
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jest, '--verbose', '--testMatch', '**/deploy-check.ts', '--runTestsByPath', CHECK];
  return run(process.execPath, args, { cwd: ROOT, env });
});
