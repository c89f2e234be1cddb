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
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { withLock } from '../set-up/lock.mjs';

/** Where fetched servers are kept: for the user, not the clone, so that the next clone has them. */
export function cacheFolder({ CHARTWAY_CACHE, XDG_CACHE_HOME } = process.env) {
  if (CHARTWAY_CACHE) return CHARTWAY_CACHE;
  // The XDG specification: a relative path is invalid and to be ignored.
  const base = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'chartway');
}

/** The executable's place in the cache; version and machine are in the name, for homes shared between machines. */
export function cached(server, version) {
  return join(cacheFolder(), `${server}-${version}-${process.platform}-${process.arch}`);
}

/**
 * Fills a place in the cache once, whoever else wants it: `fetch(emptyFolder)` resolves to an executable in that folder,
 * which then appears under `place` whole or not at all. Resolves to `place`.
 */
export async function fillCache(place, fetch) {
  mkdirSync(cacheFolder(), { recursive: true });
  return withLock(`${place}.lock`, `fetching ${place}`, async () => {
    if (existsSync(place)) return place;
    removeLeftovers(place);
    const folder = mkdtempSync(`${place}.part-`);
    try {
      const executable = await fetch(folder);
      chmodSync(executable, 0o755);
      flush(executable);
      renameSync(executable, place);
      return place;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

// Of fetches that were killed: hundreds of MB that nobody would miss.
function removeLeftovers(place) {
  const parts = readdirSync(cacheFolder()).filter((name) => name.startsWith(`${basename(place)}.part-`));
  for (const name of parts) rmSync(join(cacheFolder(), name), { recursive: true, force: true });
}

// Renamed before its bytes are on the disk, it could be cut short by a power failure and never be fetched again.
function flush(file) {
  const descriptor = openSync(file, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
