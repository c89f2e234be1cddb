import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './child.mjs';
import { phase, ROOT, SetUpFault } from './project.mjs';

const LOCKFILE = join(ROOT, 'package-lock.json');
const STAMP = join(ROOT, 'node_modules', '.chartway-installed');
// npm writes it as the last step of an installation: what node_modules really holds.
const HELD = join(ROOT, 'node_modules', '.package-lock.json');

/** Whether node_modules is what the lockfile says; takes over what `npm ci` has put there by hand. */
export function packagesAreCurrent() {
  const wanted = wantedStamp();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return true;
  if (!existsSync(HELD) || !heldAsLocked()) return false;
  writeFileSync(STAMP, wanted);
  return true;
}

/** Installs what the lockfile says, development tools included: the build needs them. */
export async function installPackages(share) {
  const [program, ...args] = npm();
  const status = await phase('installing packages (npm ci)', () =>
    run(program, [...args, 'ci', '--include=dev', '--loglevel=error'], { cwd: ROOT, started: share }),
  );
  if (status !== 0) {
    throw new SetUpFault(
      `npm ci ended with status ${status}; what it said is above. The packages come from the npm registry that npm is set up for: is it reachable?`,
    );
  }
  writeFileSync(STAMP, wantedStamp());
}

function wantedStamp() {
  const hash = createHash('sha256').update(readFileSync(LOCKFILE)).digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

function heldAsLocked() {
  const { '': _root, ...locked } = JSON.parse(readFileSync(LOCKFILE, 'utf8')).packages;
  const held = JSON.parse(readFileSync(HELD, 'utf8')).packages;
  const same = (path) =>
    held[path]?.version === locked[path]?.version && held[path]?.integrity === locked[path]?.integrity;
  return Object.keys(held).every(same) && Object.keys(locked).every((path) => same(path) || mayBeAbsent(locked[path]));
}

// npm leaves out optional packages that are made for other machines, and what only those need. Those it names for this
// machine must be there, or else node_modules was installed on another; libc is not told apart.
function mayBeAbsent({ optional = false, os = [], cpu = [], libc }) {
  const madeForThis = os.includes(process.platform) && cpu.includes(process.arch) && libc === undefined;
  return optional && !madeForThis;
}

// The npm that runs us, if one does: another may stand first on the PATH.
function npm() {
  const running = process.env.npm_execpath;
  return running !== undefined && basename(running) === 'npm-cli.js' ? [process.execPath, running] : ['npm'];
}
