// npm run deploy:check: checks Dockerfile and docker-compose.yml on a machine without Docker. Runs each step of the
// Dockerfile in an empty folder, then each process of the compose file in its own environment, with a Temporal server on
// PostgreSQL. Needs Debian's PostgreSQL and Go. The first run takes minutes, because it compiles Temporal.
import { cacheFolder } from './servers/cache.mjs';
import { findTemporalCli } from './servers/find.mjs';
import { ensureInstalled } from './set-up/ensure.mjs';
import { runJestFile } from './set-up/jest.mjs';
import { runCommand } from './set-up/project.mjs';

await runCommand(async () => {
  await ensureInstalled();
  const env = { ...process.env, TEMPORAL_CLI_PATH: await findTemporalCli(), CHARTWAY_CACHE: cacheFolder() };
  return runJestFile(import.meta.resolve('../test/deploy/check/deploy-check.ts'), { args: ['--verbose'], env });
});
