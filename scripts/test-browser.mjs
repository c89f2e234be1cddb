// npm run test:browser [-- jest's arguments]: runs the tests that need Chromium; the last line is "N passed, N failed".
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './set-up/child.mjs';
import { ensureInstalled } from './set-up/ensure.mjs';
import { command, phase, ROOT, SetUpFault } from './set-up/project.mjs';
import { tally } from './set-up/tally.mjs';

const DEBIANS_CHROMIUM = '/usr/bin/chromium';

await command(async () => {
  await ensureInstalled();
  const args = process.argv.slice(2);
  const env = { ...process.env, CHROMIUM_PATH: await findChromium() };
  const folder = mkdtempSync(join(tmpdir(), 'chartway-browser-'));
  try {
    const output = join(folder, 'results.json');
    const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    const settings = ['--config', 'jest.browser.config.js', '--json', '--outputFile', output];
    const status = await run(process.execPath, [jest, ...settings, ...args], { cwd: ROOT, env });
    const { passed, failed } = tally(existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : null, args);
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return status === 0 && failed > 0 ? 1 : status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
