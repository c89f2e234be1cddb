import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './child';

/** The minor version of the images in docker-compose.yml. */
const VERSION = '1.32.2';
const MODULE = 'go.temporal.io/server';
const NAMES = { server: 'temporal-server', sql: 'temporal-sql-tool' };

/** Copies `temporal-server`, `temporal-sql-tool` and `temporal` into a folder for the PATH, like Temporal's images. */
export async function copyTemporal(folder: string): Promise<void> {
  const { CHARTWAY_CACHE: cache, TEMPORAL_CLI_PATH: cli } = process.env;
  if (cache === undefined || cli === undefined)
    throw new Error('expected CHARTWAY_CACHE and TEMPORAL_CLI_PATH: run npm run deploy:check');
  // A copy, because the user of the images cannot read a cache in the home of another user.
  await cp(await ensureCompiled(cache), folder, { recursive: true });
  await cp(cli, join(folder, 'temporal'));
}

/** The folder of the server and the SQL tool. The first call on a machine compiles them, which takes minutes. */
async function ensureCompiled(cache: string): Promise<string> {
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
  // Go downloads a newer version of itself if the module needs it.
  const options = { cwd: work, env: { ...process.env, GOTOOLCHAIN: 'auto', GOFLAGS: '-buildvcs=false' } };
  const tools = [`${MODULE}/cmd/server@v${VERSION}`, `${MODULE}/cmd/tools/sql@v${VERSION}`];
  await run('go get', ['go', 'get', '-tool', ...tools], options);
  await run('go build', ['go', 'build', '-o', join(work, 'bin/'), 'tool'], options);
  for (const [built, name] of Object.entries(NAMES)) await rename(join(work, 'bin', built), join(work, 'bin', name));
}
