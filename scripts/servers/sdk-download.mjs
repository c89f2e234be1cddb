import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { capture, lastLine } from '../set-up/child.mjs';
import { ROOT } from '../set-up/project.mjs';

// A firewall may drop packets; the site answers within a second.
const FIRST_BYTE_LIMIT_MS = 10_000;
const DOWNLOAD_LIMIT_MS = 180_000;
const POLL_EVERY_MS = 250;

// The SDK downloads a server only to start it, so it is stopped immediately.
const START_AND_STOP = `
const [server, downloadDir] = process.argv.slice(1);
const { TestWorkflowEnvironment } = require('@temporalio/testing');
const create = server === 'temporal' ? 'createLocal' : 'createTimeSkipping';
TestWorkflowEnvironment[create]({ server: { executable: { type: 'cached-download', downloadDir } } })
  .then((environment) => environment.teardown())
  .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

/** Downloads a server by @temporalio/testing into an empty folder; resolves to the executable, throws with the reason. */
export async function downloadWithSdk(server, folder) {
  if (!isInstalled()) throw new Error('@temporalio/testing is not installed (npm run build)');
  const controller = new AbortController();
  const startLimit = setTimeout(() => controller.abort(), FIRST_BYTE_LIMIT_MS);
  // The SDK writes into this folder once the download has started.
  const poll = setInterval(() => readdirSync(folder).length > 0 && clearTimeout(startLimit), POLL_EVERY_MS);
  try {
    const args = ['-e', START_AND_STOP, server, folder];
    const options = { cwd: ROOT, timeoutMs: DOWNLOAD_LIMIT_MS, signal: controller.signal };
    const { status, output } = await capture(process.execPath, args, options);
    if (status !== 0) throw new Error(lastLine(output) ?? `not complete within ${DOWNLOAD_LIMIT_MS / 1000} s`);
  } catch (error) {
    throw error.name === 'AbortError' ? new Error(`no data within ${FIRST_BYTE_LIMIT_MS / 1000} s`) : error;
  } finally {
    clearTimeout(startLimit);
    clearInterval(poll);
  }
  const name = readdirSync(folder).find((entry) => existsSync(join(folder, entry)));
  if (name === undefined) throw new Error('the download contains no executable');
  return join(folder, name);
}

function isInstalled() {
  try {
    createRequire(join(ROOT, 'package.json')).resolve('@temporalio/testing');
    return true;
  } catch {
    return false;
  }
}
