// npm run test:browser [-- jest's arguments]: runs the tests that need Chromium, and those of the receivers in docs/events.md,
// which need Java and Python. The last line is "N passed, N failed".
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
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
  await findJava();
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
    await phase('installing Chromium (apt-get)', () => install('Chromium', ['chromium', 'fonts-dejavu-core']));
    if (existsSync(path)) return path;
  }
  throw new SetupError(
    `the browser tests need Chromium at ${path}: install it (on Debian as root: apt-get install -y chromium), or set CHROMIUM_PATH.`,
  );
}

/** Finds the launcher of Java on the PATH. Installs it in CI only, with the compiler, because the test runs a source file. */
async function findJava() {
  const isThere = () => (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'java')));
  if (!isThere() && process.env.CI)
    await phase('installing Java (apt-get)', () => install('Java', ['default-jdk-headless']));
  if (!isThere())
    throw new SetupError(
      'the test of the receivers needs java on the PATH: install a JDK (on Debian: default-jdk-headless).',
    );
}

async function install(name, packages) {
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], install]) {
    const status = await run('apt-get', ['-q', ...args], { env }).catch((error) => error.code);
    if (status !== 0)
      throw new SetupError(`apt-get ${args[0]} ended with ${status}, and ${name} is not installed: install it first.`);
  }
}
