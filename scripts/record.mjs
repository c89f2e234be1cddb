// npm run record: runs every persona and replaces the histories in test/replay/histories. Only for a change of the workflow
// code that is meant to break with them: applicants that are open somewhere break with it too. `npm run record -- -t 'after the closing'`
// records only the workflows that come after it, and leaves the others as they are.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './set-up/child.mjs';
import { ensureBuilt } from './set-up/ensure.mjs';
import { command, ROOT } from './set-up/project.mjs';
import { findTemporalCli } from './temporal.mjs';

const RECORDER = fileURLToPath(import.meta.resolve('../test/replay/record.ts'));

await command(async () => {
  await ensureBuilt();
  const env = { ...process.env, TEMPORAL_CLI_PATH: await findTemporalCli() };
  // With jest, because it runs the tests' support files as they are; the recorder is none of the tests that it finds by itself.
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jest, '--testMatch', '**/record.ts', '--runTestsByPath', RECORDER, ...process.argv.slice(2)];
  return run(process.execPath, args, { cwd: ROOT, env });
});
