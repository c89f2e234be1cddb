import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './child.mjs';
import { phase, ROOT, SetupError } from './project.mjs';

const LOCKFILE = join(ROOT, 'package-lock.json');
const STAMP = join(ROOT, 'node_modules', '.chartway-installed');
// npm writes it as the last step of an installation: the packages that node_modules holds.
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');

/** Whether node_modules holds the packages of the lockfile, also if the user ran `npm ci`. */
export function packagesAreCurrent() {
  const stamp = createStamp();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return true;
  if (!existsSync(INSTALLED) || !matchesLockfile()) return false;
  writeFileSync(STAMP, stamp);
  return true;
}

/**
 * Installs the packages of the lockfile with the development packages, because the build needs them. `hold(pid)` keeps the
 * lock: two npm ci at the same time would delete each other's files.
 */
export async function installPackages(hold) {
  const [program, ...args] = npm();
  const status = await phase('installing packages (npm ci), one or two minutes the first time', () =>
    run(program, [...args, 'ci', '--include=dev', '--loglevel=error'], { cwd: ROOT, onStart: hold }),
  );
  if (status !== 0) {
    throw new SetupError(
      `npm ci ended with status ${status}; its output is above. Check that npm reaches the registry of its configuration.`,
    );
  }
  writeFileSync(STAMP, createStamp());
}

/** The paths in the lockfile of the packages that Chartway ships with, each with its entry. */
export function listShippedPackages() {
  const { packages } = JSON.parse(readFileSync(LOCKFILE, 'utf8'));
  return Object.entries(packages).filter(([path, { dev, optional }]) => path !== '' && !dev && !optional);
}

function createStamp() {
  const hash = createHash('sha256').update(readFileSync(LOCKFILE)).digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

function matchesLockfile() {
  const { '': _root, ...locked } = JSON.parse(readFileSync(LOCKFILE, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(INSTALLED, 'utf8')).packages;
  const isSame = (path) =>
    installed[path]?.version === locked[path]?.version && installed[path]?.integrity === locked[path]?.integrity;
  return (
    Object.keys(installed).every(isSame) &&
    Object.keys(locked).every((path) => isSame(path) || canBeAbsent(locked[path]))
  );
}

// npm leaves out optional packages for other machines, and their dependencies. If one for this machine is missing,
// node_modules was installed on another machine. A package that is for one libc can be absent.
function canBeAbsent({ optional = false, os = [], cpu = [], libc }) {
  const isForThisMachine = os.includes(process.platform) && cpu.includes(process.arch) && libc === undefined;
  return optional && !isForThisMachine;
}

// The npm that runs this script, because the PATH may find another one.
function npm() {
  const script = process.env.npm_execpath;
  return script !== undefined && basename(script) === 'npm-cli.js' ? [process.execPath, script] : ['npm'];
}
