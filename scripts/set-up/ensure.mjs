import { join } from 'node:path';
import { buildDist, distIsCurrent } from './dist.mjs';
import { withLock } from './lock.mjs';
import { installPackages, packagesAreCurrent } from './packages.mjs';
import { ROOT, SetupError } from './project.mjs';

// "engines" of package.json, repeated: an old Node must end here, before npm installs anything.
const NEEDED_NODE = [20, 20];
// Not in node_modules or dist, which are replaced under the lock.
const LOCK = join(ROOT, '.data', 'build.lock');

/** Installs the packages if they are not those of the lockfile. Prints nothing if there is nothing to do. */
export async function ensureInstalled() {
  requireNode();
  await underLock(packagesAreCurrent, installPackages);
}

/** Installs the packages and builds dist/ if the sources have changed. Prints nothing if there is nothing to do. */
export async function ensureBuilt() {
  await ensureInstalled();
  await underLock(distIsCurrent, buildDist);
}

// If several commands start in a fresh clone, one does the work; the others wait and check again.
async function underLock(isDone, work) {
  if (isDone()) return;
  await withLock(LOCK, 'installing or building', async (hold) => {
    if (!isDone()) await work(hold);
  });
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return;
  throw new SetupError(
    `expected Node ${NEEDED_NODE.join('.')} or newer, got ${process.versions.node} (${process.execPath}). Install a newer version and run the command again.`,
  );
}
