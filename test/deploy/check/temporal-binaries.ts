import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './child';

/** Of the same minor version as the images in docker-compose.yml. */
const VERSION = '1.32.2';
const MODULE = 'go.temporal.io/server';
const NAMES = { server: 'temporal-server', sql: 'temporal-sql-tool' };

/** Puts `temporal-server`, `temporal-sql-tool` and `temporal` into a folder, as Temporal's images have them on the PATH. */
export async function placeTemporal(folder: string): Promise<void> {
  const { CHARTWAY_CACHE: cache, TEMPORAL_CLI_PATH: cli } = process.env;
  if (cache === undefined || cli === undefined) throw new Error('expected to be run by npm run deploy:check');
  // Copied: the images' user cannot come to a cache in somebody's home.
  await cp(await compiled(cache), folder, { recursive: true });
  await cp(cli, join(folder, 'temporal'));
}

/** The folder of the two that Go compiles from their module, once a machine (some minutes). */
async function compiled(cache: string): Promise<string> {
  const folder = join(cache, `temporal-postgresql-${VERSION}-${process.platform}-${process.arch}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(`${folder}.part-`);
  try {
    await compile(work);
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
