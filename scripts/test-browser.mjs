// npm run test:browser [-- jest's arguments]: runs the tests that need Chromium; the last line is "N passed, N failed".
import { existsSync } from 'node:fs';
import { run } from './set-up/child.mjs';
import { ensureInstalled } from './set-up/ensure.mjs';
import { close, runJest } from './set-up/jest.mjs';
import { command, phase, SetUpFault } from './set-up/project.mjs';
import { findTemporalCli } from './temporal.mjs';

const DEBIANS_CHROMIUM = '/usr/bin/chromium';

await command(async () => {
  await ensureInstalled();
  const args = process.argv.slice(2);
  // One of them looks at Temporal's own UI, which comes with its CLI.
  const [chromium, cli] = await Promise.all([findChromium(), findTemporalCli()]);
  const env = { ...process.env, CHROMIUM_PATH: chromium, TEMPORAL_CLI_PATH: cli };
  return close([await runJest({ args, settings: ['--config', 'jest.browser.config.js'], env })]);
});

/** Where Chromium is. In CI (the variable CI is set) a missing one is installed; elsewhere that is the person's to decide. */
async function findChromium() {
  const path = process.env.CHROMIUM_PATH || DEBIANS_CHROMIUM;
  if (existsSync(path)) return path;
  if (process.env.CHROMIUM_PATH) throw new SetUpFault(`CHROMIUM_PATH names ${path}, where there is nothing.`);
  if (process.env.CI) {
    await phase('installing Chromium (apt-get)', installChromium);
    if (existsSync(path)) return path;
  }
  throw new SetUpFault(
    `the browser tests need Chromium at ${path}: install it (on Debian as root: apt-get install -y chromium), or name another one in CHROMIUM_PATH.`,
  );
}

async function installChromium() {
  const install = ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'];
  for (const args of [['update'], install]) {
    const status = await run('apt-get', ['-q', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).catch((error) => error.code);
    if (status !== 0) {
      throw new SetUpFault(
        `apt-get ${args[0]} ended with ${status}: Chromium is not to be had here. Install it first.`,
      );
    }
  }
}
