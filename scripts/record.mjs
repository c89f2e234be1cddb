// npm run record: runs each persona and replaces the histories in test/replay/histories. Run it only for a change of the
// workflow code that may break replay, because such a change also breaks open applicants. `npm run record -- -t 'after a
// closing'` records only the workflows after the closing. `npm run record -- --release` adds the histories of this version,
// once, before its release.
import { findTemporalCli } from './servers/find.mjs';
import { ensureBuilt } from './set-up/ensure.mjs';
import { runJestFile } from './set-up/jest.mjs';
import { runCommand } from './set-up/project.mjs';

await runCommand(async () => {
  await ensureBuilt();
  const env = { ...process.env, TEMPORAL_CLI_PATH: await findTemporalCli() };
  const args = process.argv.slice(2);
  const isRelease = args.includes('--release');
  // Two literal paths, because knip finds the files by them.
  const file = isRelease
    ? import.meta.resolve('../test/replay/record-release.ts')
    : import.meta.resolve('../test/replay/record.ts');
  return runJestFile(file, { args: args.filter((arg) => arg !== '--release'), env });
});
