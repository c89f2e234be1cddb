import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { withLock } from '../set-up/lock.mjs';

/** The folder of the downloaded servers and tools: one for a user, so that each clone uses it. */
export function cacheFolder({ CHARTWAY_CACHE, XDG_CACHE_HOME } = process.env) {
  if (CHARTWAY_CACHE) return CHARTWAY_CACHE;
  // The XDG specification: ignore a relative path.
  const base = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'chartway');
}

/** The path of a server or tool in the cache. Its name contains version and machine, because machines may share a home. */
export function cachePath(server, version) {
  return join(cacheFolder(), `${server}-${version}-${process.platform}-${process.arch}`);
}

/**
 * Creates `path` in the cache if it does not exist; resolves to `path`. `fetch(emptyFolder)` resolves to an executable or a
 * folder in that folder, which is then renamed. Runs `fetch` once, also if several processes need it.
 */
export async function fillCache(path, fetch) {
  mkdirSync(cacheFolder(), { recursive: true });
  return withLock(`${path}.lock`, `fetching ${path}`, async () => {
    if (existsSync(path)) return path;
    removeLeftovers(path);
    const folder = mkdtempSync(`${path}.part-`);
    try {
      const fetched = await fetch(folder);
      if (statSync(fetched).isFile()) makeExecutable(fetched);
      renameSync(fetched, path);
      return path;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

// A killed download leaves up to hundreds of MB.
function removeLeftovers(path) {
  const parts = readdirSync(cacheFolder()).filter((name) => name.startsWith(`${basename(path)}.part-`));
  for (const name of parts) rmSync(join(cacheFolder(), name), { recursive: true, force: true });
}

// Synced before the rename, because a power failure could otherwise leave an incomplete file that is never downloaded again.
function makeExecutable(file) {
  chmodSync(file, 0o755);
  const descriptor = openSync(file, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
