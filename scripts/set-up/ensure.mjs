import { join } from 'node:path';
import { buildDist, distIsCurrent } from './dist.mjs';
import { withLock } from './lock.mjs';
import { requireNode } from './node-version.mjs';
import { installPackages, packagesAreCurrent } from './packages.mjs';
import { ROOT } from './project.mjs';

// Outside node_modules and dist, which are replaced while it is held.
const LOCK = join(ROOT, '.data', 'build.lock');

/** Installs what is missing. A few ms and not a word where there is nothing to do. */
export async function ensureInstalled() {
  requireNode();
  if (packagesAreCurrent()) return;
  await underLock(async (share) => {
    if (!packagesAreCurrent()) await installPackages(share);
  });
}

/** Installs what is missing and builds what has changed. Some ten ms and not a word where there is nothing to do. */
export async function ensureBuilt() {
  await ensureInstalled();
  if (distIsCurrent()) return;
  await underLock(async (share) => {
    if (!distIsCurrent()) await buildDist(share);
  });
}

// Several commands may be started at once in a fresh clone: one does the work, the others wait and then find it done.
function underLock(work) {
  return withLock(LOCK, 'installing or building', work);
}
