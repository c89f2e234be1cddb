import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './child';

/** Of the same minor version as the images in docker-compose.yml. */
const VERSION = '1.32.2';
const MODULE = 'go.temporal.io/server';
const NAMES = { server: 'temporal-server', sql: 'temporal-sql-tool' };

/**
 * A folder with `temporal-server`, `temporal-sql-tool` and `temporal`, as Temporal's images have them on the PATH. The first two are compiled by Go
 * from their module, once a machine (some minutes), and kept in Chartway's cache.
 */
export async function temporalBinaries(): Promise<string> {
  const { CHARTWAY_CACHE: cache, TEMPORAL_CLI_PATH: cli } = process.env;
  if (cache === undefined || cli === undefined) throw new Error('expected to be run by npm run deploy:check');
  const folder = join(cache, `temporal-postgresql-${VERSION}-${process.platform}-${process.arch}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(`${folder}.part-`);
  try {
    await compile(work);
    // A script, because the CLI may lie anywhere and move.
    await writeFile(join(work, 'bin', 'temporal'), '#!/bin/sh\nexec "$TEMPORAL_CLI_PATH" "$@"\n', { mode: 0o755 });
    await rename(join(work, 'bin'), folder);
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function compile(work: string): Promise<void> {
  await writeFile(join(work, 'go.mod'), 'module chartway.invalid/temporal\n\ngo 1.24\n');
  // The module asks for a newer Go than a machine may have: Go fetches that itself.
  const options = { cwd: work, env: { ...process.env, GOTOOLCHAIN: 'auto', GOFLAGS: '-buildvcs=false' } };
  const tools = [`${MODULE}/cmd/server@v${VERSION}`, `${MODULE}/cmd/tools/sql@v${VERSION}`];
  await run('go get', ['go', 'get', '-tool', ...tools], options);
  await run('go build', ['go', 'build', '-o', join(work, 'bin/'), 'tool'], options);
  for (const [name, known] of Object.entries(NAMES)) await rename(join(work, 'bin', name), join(work, 'bin', known));
}
