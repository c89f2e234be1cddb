// npm test [-- jest's arguments]: installs, builds, gets the Temporal servers and runs jest; the last line is "N passed, N failed".
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './set-up/child.mjs';
import { ensureBuilt } from './set-up/ensure.mjs';
import { command, ROOT } from './set-up/project.mjs';
import { tally } from './set-up/tally.mjs';
import { findTemporalCli, findTestServer } from './temporal.mjs';

await command(async () => {
  await ensureBuilt();
  const [cli, testServer] = await Promise.all([findTemporalCli(), findTestServer()]);
  const folder = mkdtempSync(join(tmpdir(), 'chartway-test-'));
  try {
    const results = join(folder, 'results.json');
    const env = { ...process.env, TEMPORAL_CLI_PATH: cli, TEMPORAL_TEST_SERVER_PATH: testServer };
    const status = await jest(['--json', '--outputFile', results, ...process.argv.slice(2)], env);
    const { passed, failed } = tally(readResults(results), process.argv.slice(2));
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return status === 0 && failed > 0 ? 1 : status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function jest(args, env) {
  return run(process.execPath, [join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], { cwd: ROOT, env });
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // jest ended before it could write them
  }
}
