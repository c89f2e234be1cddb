import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version of Chartway: that of the nearest package.json, because sources and build lie at different depths. */
export function readVersion(folder = __dirname): string {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return readVersion(dirname(folder));
  }
}
