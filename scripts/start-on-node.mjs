// node scripts/start-on-node.mjs <major>: runs `npm start -- --once --personas eager,declines` under that version of Node, in a copy of this clone
// that is gone afterwards. The Node comes from npm's package for this machine. The last line is "N passed, N failed".
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { capture, run } from './set-up/child.mjs';
import { ensureBuilt } from './set-up/ensure.mjs';
import { command, phase, ROOT, SetUpFault, say } from './set-up/project.mjs';
import { findTemporalCli } from './temporal.mjs';

const START = ['start', '--', '--once', '--personas', 'eager,declines'];
// Half a minute on an idle machine.
const START_LIMIT_MS = 240_000;
const INSTALL_LIMIT_MS = 300_000;
// Longer than any process of ours takes to drain.
const DRAIN_MS = 60_000;
/** Of this environment only what npm and Node need: a machine's own settings must not decide what this starts. */
const HANDED_DOWN = ['HOME', 'TMPDIR', 'LANG'];

await command(async () => {
  const major = process.argv[2];
  if (!/^\d+$/.test(major ?? '')) throw new SetUpFault('expected the major version of Node: start-on-node.mjs 24');
  await ensureBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'chartway-node-'));
  let isWell = false;
  try {
    const bin = await phase(`fetching Node ${major}`, () => fetchNode(major, join(folder, 'node')));
    const PATH = [bin, process.env.PATH].join(delimiter);
    const kept = Object.fromEntries(HANDED_DOWN.map((name) => [name, process.env[name]]));
    const env = { ...kept, PATH, TEMPORAL_CLI_PATH: await findTemporalCli() };
    const { output: version } = await capture('node', ['--version'], { env, timeoutMs: START_LIMIT_MS });
    if (!version.startsWith(`v${major}.`)) throw new SetUpFault(`expected Node ${major}, ${version.trim()} came`);
    const status = await startIn(await copyOfClone(join(folder, 'clone')), env);
    isWell = status === 0;
    say(`npm start under Node ${version.trim()} ended with status ${status}`);
  } catch (error) {
    if (!(error instanceof SetUpFault)) throw error;
    say(error.message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(isWell ? '1 passed, 0 failed\n' : '0 passed, 1 failed\n');
  return isWell ? 0 : 1;
});

/** The folder with a Node of that major version, as npm has it for this machine. */
async function fetchNode(major, folder) {
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(folder);
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`];
  const options = { cwd: folder, timeoutMs: INSTALL_LIMIT_MS };
  const { status, output } = await capture('npm', [...args, '--loglevel=error'], options);
  const bin = join(folder, 'node_modules', name, 'bin');
  if (status === 0 && existsSync(join(bin, 'node'))) return bin;
  throw new SetUpFault(
    `Node ${major} cannot be had: npm install ${name}@${major} ended with ${status}. ${output.trim()}`,
  );
}

/** What a clone would have, with what is not committed yet; packages and the build are those of this clone. */
async function copyOfClone(clone) {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { status, output } = await capture('git', listing, { cwd: ROOT, timeoutMs: DRAIN_MS });
  if (status !== 0) throw new SetUpFault(`git ls-files ended with ${status}. ${output.trim()}`);
  const files = output.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
  for (const path of [...files, 'dist']) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    cpSync(join(ROOT, path), join(clone, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'), 'dir');
  return clone;
}

async function startIn(cwd, env) {
  const limits = [];
  const started = (pid) => {
    limits.push(setTimeout(() => process.kill(pid, 'SIGTERM'), START_LIMIT_MS));
    limits.push(setTimeout(() => process.kill(pid, 'SIGKILL'), START_LIMIT_MS + DRAIN_MS));
  };
  return run('npm', START, { cwd, env, started }).finally(() => limits.forEach(clearTimeout));
}
