import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { capture } from '../set-up/child.mjs';
import { ROOT } from '../set-up/project.mjs';

// A firewall that drops packets must not hold a person up; the site answers within a second.
const FIRST_BYTE_LIMIT_MS = 10_000;
const DOWNLOAD_LIMIT_MS = 180_000;
const LOOK_EVERY_MS = 250;

// The SDK can only download a server by starting it: it is stopped at once.
const START_AND_STOP = `
const [server, downloadDir] = process.argv.slice(1);
const { TestWorkflowEnvironment } = require('@temporalio/testing');
const create = server === 'temporal' ? 'createLocal' : 'createTimeSkipping';
TestWorkflowEnvironment[create]({ server: { executable: { type: 'cached-download', downloadDir } } })
  .then((environment) => environment.teardown())
  .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

/** Has @temporalio/testing download a server into an empty folder; resolves to the executable, throws saying why not. */
export async function downloadWithSdk(server, folder) {
  if (!installed()) throw new Error('@temporalio/testing is not installed (npm run build)');
  const impatience = new AbortController();
  const beginsLate = setTimeout(() => impatience.abort(), FIRST_BYTE_LIMIT_MS);
  // The SDK writes into this folder as soon as the download has begun.
  const looking = setInterval(() => readdirSync(folder).length > 0 && clearTimeout(beginsLate), LOOK_EVERY_MS);
  try {
    const args = ['-e', START_AND_STOP, server, folder];
    const limits = { cwd: ROOT, timeoutMs: DOWNLOAD_LIMIT_MS, signal: impatience.signal };
    const { status, output } = await capture(process.execPath, args, limits);
    if (status !== 0) throw new Error(reason(output));
  } catch (error) {
    throw error.name === 'AbortError' ? new Error(`nothing came within ${FIRST_BYTE_LIMIT_MS / 1000} s`) : error;
  } finally {
    clearTimeout(beginsLate);
    clearInterval(looking);
  }
  const name = readdirSync(folder).find((entry) => existsSync(join(folder, entry)));
  if (name === undefined) throw new Error('it left no executable');
  return join(folder, name);
}

function installed() {
  try {
    createRequire(join(ROOT, 'package.json')).resolve('@temporalio/testing');
    return true;
  } catch {
    return false;
  }
}

const reason = (output) => output.trim().split('\n').filter(Boolean).pop() ?? `no end in ${DOWNLOAD_LIMIT_MS / 1000} s`;
