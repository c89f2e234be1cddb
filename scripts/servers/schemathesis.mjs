import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../set-up/project.mjs';
import { cachePath, fillCache } from './cache.mjs';
import { python } from './wheels.mjs';

const REQUIREMENTS = join(ROOT, 'scripts', 'servers', 'schemathesis.txt');
// 40 MB take some minutes on a slow line.
const INSTALL_LIMIT_MS = 300_000;
const VERSION_LIMIT_MS = 10_000;

/** The folder with the Python packages of Schemathesis, for PYTHONPATH; installs them into the cache if they are missing. */
export async function findSchemathesis() {
  // Packages with compiled code fit one version of Python.
  const release = await python(['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], VERSION_LIMIT_MS);
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(release).digest('hex').slice(0, 12);
  return fillCache(cachePath('schemathesis', digest), async (folder) => {
    const target = join(folder, 'packages');
    const options = ['--no-deps', '--only-binary=:all:', '--target', target, '--requirement', REQUIREMENTS];
    await python(['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...options], INSTALL_LIMIT_MS);
    return target;
  });
}
