import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version of Chartway, from its package.json above this file, in src/ and in dist/. */
export function readVersion(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const { name, version } = readManifest(folder);
    if (name === 'chartway' && typeof version === 'string') return version;
    if (folder === dirname(folder)) return 'unknown';
  }
}

function readManifest(folder: string): { readonly name?: unknown; readonly version?: unknown } {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return {};
  }
}
