// npm run test:browser [-- jest's arguments]: runs the tests that need Chromium. The last line is "N passed, N failed".
import { existsSync } from 'node:fs';
import { findTemporalCli } from './servers/find.mjs';
import { run } from './set-up/child.mjs';
import { ensureInstalled } from './set-up/ensure.mjs';
import { printTotal, runJest } from './set-up/jest.mjs';
import { phase, runCommand, SetupError } from './set-up/project.mjs';

const DEBIAN_CHROMIUM = '/usr/bin/chromium';

await runCommand(async () => {
  await ensureInstalled();
  // One test opens Temporal's UI, which is part of the CLI.
  const [chromium, cli] = await Promise.all([findChromium(), findTemporalCli()]);
  const env = { ...process.env, CHROMIUM_PATH: chromium, TEMPORAL_CLI_PATH: cli };
  const settings = ['--config', 'jest.browser.config.js'];
  return printTotal([await runJest({ args: process.argv.slice(2), settings, env })]);
});

/** The path of Chromium. Installs it in CI (the variable CI is set) only. */
async function findChromium() {
  const path = process.env.CHROMIUM_PATH || DEBIAN_CHROMIUM;
  if (existsSync(path)) return path;
  if (process.env.CHROMIUM_PATH)
    throw new SetupError(`CHROMIUM_PATH: expected the path of Chromium, got ${path}, which does not exist`);
  if (process.env.CI) {
    await phase('installing Chromium (apt-get)', installChromium);
    if (existsSync(path)) return path;
  }
  throw new SetupError(
    `the browser tests need Chromium at ${path}: install it (on Debian as root: apt-get install -y chromium), or set CHROMIUM_PATH.`,
  );
}

async function installChromium() {
  const install = ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], install]) {
    const status = await run('apt-get', ['-q', ...args], { env }).catch((error) => error.code);
    if (status !== 0)
      throw new SetupError(`apt-get ${args[0]} ended with ${status}, and Chromium is not installed: install it first.`);
  }
}
