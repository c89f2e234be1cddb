// node scripts/start-on-node.mjs <major>: runs `npm start -- --once --personas eager,declines` under that version of Node in
// a temporary copy of this clone. Node comes from npm's package for this machine. The last line is "N passed, N failed".
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findTemporalCli } from './servers/find.mjs';
import { capture, run } from './set-up/child.mjs';
import { ensureBuilt } from './set-up/ensure.mjs';
import { log, phase, ROOT, runCommand, SetupError } from './set-up/project.mjs';

const START = ['start', '--', '--once', '--personas', 'eager,declines'];
// Half a minute on an idle machine.
const START_LIMIT_MS = 240_000;
const INSTALL_LIMIT_MS = 300_000;
// Longer than any process takes to drain.
const DRAIN_MS = 60_000;
// Only what npm and Node need, so that settings of this machine do not change the result.
const INHERITED = ['HOME', 'TMPDIR', 'LANG'];

await runCommand(async () => {
  const major = process.argv[2];
  if (!/^\d+$/.test(major ?? '')) throw new SetupError('expected the major version of Node: start-on-node.mjs 24');
  await ensureBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'chartway-node-'));
  let passed = false;
  try {
    const bin = await phase(`fetching Node ${major}`, () => fetchNode(major, join(folder, 'node')));
    const PATH = [bin, process.env.PATH].join(delimiter);
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, process.env[name]]));
    const env = { ...inherited, PATH, TEMPORAL_CLI_PATH: await findTemporalCli() };
    const { output: version } = await capture('node', ['--version'], { env, timeoutMs: START_LIMIT_MS });
    if (!version.startsWith(`v${major}.`)) throw new SetupError(`expected Node ${major}, got ${version.trim()}`);
    const status = await runStart(await copyClone(join(folder, 'clone')), env);
    passed = status === 0;
    log(`npm start under Node ${version.trim()} ended with status ${status}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    log(error.message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(passed ? '1 passed, 0 failed\n' : '0 passed, 1 failed\n');
  return passed ? 0 : 1;
});

/** Installs Node of that major version from npm; resolves to the folder of its executable. */
async function fetchNode(major, folder) {
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(folder);
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`];
  const options = { cwd: folder, timeoutMs: INSTALL_LIMIT_MS };
  const { status, output } = await capture('npm', [...args, '--loglevel=error'], options);
  const bin = join(folder, 'node_modules', name, 'bin');
  if (status === 0 && existsSync(join(bin, 'node'))) return bin;
  throw new SetupError(
    `Node ${major} is not available: npm install ${name}@${major} ended with ${status}. ${output.trim()}`,
  );
}

/** Copies the files that git tracks or does not ignore, and dist; links node_modules. */
async function copyClone(clone) {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { status, output } = await capture('git', listing, { cwd: ROOT, timeoutMs: DRAIN_MS });
  if (status !== 0) throw new SetupError(`git ls-files ended with ${status}. ${output.trim()}`);
  const files = output.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
  for (const path of [...files, 'dist']) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    cpSync(join(ROOT, path), join(clone, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'), 'dir');
  return clone;
}

async function runStart(cwd, env) {
  const limits = [];
  const onStart = (pid) => {
    limits.push(setTimeout(() => process.kill(pid, 'SIGTERM'), START_LIMIT_MS));
    limits.push(setTimeout(() => process.kill(pid, 'SIGKILL'), START_LIMIT_MS + DRAIN_MS));
  };
  return run('npm', START, { cwd, env, onStart }).finally(() => limits.forEach(clearTimeout));
}
