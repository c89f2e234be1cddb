import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { until } from '../support/condition';
import { ROOT, resultOf, SmallProject } from './small-project';

const ALL_PASSED = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

// Writes the variable RESULTS to the file of --outputFile and ends with the status of the variable STATUS.
const FAKE_JEST = `
const { RESULTS, STATUS, TEMPORAL_CLI_PATH, TEMPORAL_TEST_SERVER_PATH } = process.env;
const args = process.argv.slice(2);
if (RESULTS) require('node:fs').writeFileSync(args[args.indexOf('--outputFile') + 1], RESULTS);
console.log('jest: ' + args.slice(3).join(' '));
console.log('servers: ' + TEMPORAL_CLI_PATH + ' ' + TEMPORAL_TEST_SERVER_PATH);
process.exit(Number(STATUS));
`;

const preload = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

// One project for all tests, which run in order: each starts from the sources and the dist that the one before has left. Three
// commands install and build it at the same time.
const project = new SmallProject();
const first = [project.npm('build'), project.npm('main'), project.npm('build')];
beforeAll(() => Promise.all(first.map(({ exited }) => exited)));
afterAll(() => project.remove());

const build = () => resultOf(project.npm('build'));

describe('npm run build', () => {
  it('works once if three commands start in a fresh clone at the same time', async () => {
    expect(await Promise.all(first.map(({ exited }) => exited))).toEqual([0, 0, 0]);
    const stderr = first.map((command) => command.stderr()).join('');
    expect(stderr.match(/installing packages \(npm ci\).* \.\.\./g)).toHaveLength(1);
    expect(stderr.match(/compiling \(tsc\) \.\.\./g)).toHaveLength(1);
    expect(stderr).toMatch(/waiting for process \d+, which is installing or building/);
    expect(first.map(({ stdout }) => stdout())).toEqual(['', 'first', '']);
  });

  it('changes and prints nothing if there is nothing to do', async () => {
    const marks = ['dist', 'dist/.built-from', 'node_modules', 'node_modules/.chartway-installed'];
    const identities = () => marks.map((path) => statSync(project.at(path))).map(({ ino, mtimeMs }) => [ino, mtimeMs]);
    const before = identities();
    expect(await build()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(identities()).toEqual(before);
  });

  it('builds again after a source has changed, without the files of deleted sources', async () => {
    project.write('src/extra.ts', 'export const extra = 1;\n');
    expect((await build()).stderr).toContain('compiling (tsc) ...');
    expect(existsSync(project.at('dist/src/extra.js'))).toBe(true);
    rmSync(project.at('src/extra.ts'));
    expect((await build()).stderr).toContain('compiling (tsc) ...');
    expect(existsSync(project.at('dist/src/extra.js'))).toBe(false);
  });

  it('keeps the last good dist if the sources do not compile, and prints the error', async () => {
    project.write('src/main.ts', "const text: string = 1;\nprocess.stdout.write('wrong');\n");
    const { status, stdout, stderr } = await build();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('src/main.ts(1,7): error TS2322');
    expect(project.read('dist/src/main.js')).toContain("'first'");
  });

  it('after a killed build, keeps the last good dist and builds again', async () => {
    project.write('src/main.ts', "process.stdout.write('second');\n");
    // The build kills itself, because a signal from this process may arrive after the build has ended.
    const dying = `const { stderr } = process, write = stderr.write.bind(stderr);
      stderr.write = (text) => {
        if (text.includes('compiling (tsc) ...')) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
        return write(text);
      };`;
    expect(await project.node([...preload(dying), 'scripts/build.mjs']).exited).toBeNull();
    expect(project.read('dist/src/main.js')).toContain("'first'");
    expect(existsSync(project.at('.data/build.lock'))).toBe(true);

    expect(await build()).toMatchObject({ status: 0, stderr: expect.not.stringContaining('waiting') });
    expect(project.read('dist/src/main.js')).toContain("'second'");
    expect(existsSync(project.at('.data/build.lock'))).toBe(false);
  });

  it('replaces a lock that no one touches, because its process id belongs to another process', async () => {
    project.write('.data/test.lock', `${process.pid} old`);
    const fast = 'const now = performance.now.bind(performance); performance.now = () => 100 * now();';
    const code = `const { withLock } = await import('./scripts/set-up/lock.mjs');
      await withLock('.data/test.lock', 'testing', async () => process.stdout.write('locked'));`;
    const command = project.node([...preload(fast), '--input-type=module', '-e', code]);
    expect(await command.exited).toBe(0);
    expect(command.stdout()).toBe('locked');
    expect(command.stderr()).toContain(`waiting for process ${process.pid}`);
    expect(existsSync(project.at('.data/test.lock'))).toBe(false);
  });

  const clone = new SmallProject();
  afterAll(() => clone.remove());
  it('waits for the npm ci that a killed command has left, before it starts its own', async () => {
    clone.write('slow', '');
    const npm = clone.program(
      'npm',
      `const { existsSync, writeFileSync } = require('node:fs');
      writeFileSync('npm.pid', String(process.pid));
      setInterval(() => existsSync('slow') || process.exit(3), 20);`,
    );
    const start = () => clone.node(['scripts/build.mjs'], { PATH: `${npm}${delimiter}${process.env['PATH']}` });
    const killed = start();
    const pid = await until('npm ci', () => existsSync(clone.at('npm.pid')) && (clone.read('npm.pid') || null));
    await until('its pid in the lock', () => clone.read('.data/build.lock').endsWith(` ${pid}`));
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    const second = start();
    await second.waitForOutput(`waiting for process ${pid}, which is installing or building`);
    rmSync(clone.at('slow'));
    expect(await second.exited).toBe(1);
    expect(second.stderr()).toContain('npm ci ended with status 3');
  });

  it('ends with the needed version if Node is too old', async () => {
    const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.6' } });";
    const command = project.node([...preload(old), 'scripts/build.mjs']);
    expect(await command.exited).toBe(1);
    expect(command.stderr()).toContain('expected Node 20.20 or newer, got 20.19.6');
  });
});

describe('the commands of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  it.each(['start', 'worker', 'webhook', 'api', 'starter', 'chartway', 'sandbox'])(
    '%s builds, then becomes the process',
    (name) => {
      expect(scripts[name]).toMatch(/^node scripts\/build\.mjs && exec node --enable-source-maps dist\/\S+\.js$/);
    },
  );

  it('receive SIGTERM to npm and drain; npm prints nothing to stdout', async () => {
    project.write(
      'src/main.ts',
      `const alive = setInterval(() => {}, 1000);
      process.on('SIGTERM', () => {
        clearInterval(alive);
        process.stdout.write('drained');
      });
      process.stdout.write('ready ');
      `,
    );
    const command = project.npm('main');
    await command.waitForOutput('ready');
    command.child.kill('SIGTERM');
    await command.exited;
    expect(command.stdout()).toBe('ready drained');
  });
});

describe('npm test', () => {
  const servers = { TEMPORAL_CLI_PATH: process.execPath, TEMPORAL_TEST_SERVER_PATH: process.execPath };
  beforeAll(async () => {
    await build();
    project.stub('jest', 'bin/jest.js', FAKE_JEST);
  });

  async function test(results: object | null, jestStatus: number, args: string[] = ['test']) {
    const env = { STATUS: String(jestStatus), RESULTS: results === null ? '' : JSON.stringify(results) };
    return resultOf(project.node(['scripts/test.mjs', ...args], { ...servers, ...env }));
  }

  it('passes its arguments and both Temporal servers to jest, and prints one line with the counts', async () => {
    const { status, stdout, stderr } = await test(ALL_PASSED, 0, ['test/domain', '--verbose']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '3 passed, 0 failed\n' });
    expect(stderr).toContain('jest: test/domain --verbose\n');
    expect(stderr).toContain(`servers: ${process.execPath} ${process.execPath}\n`);
  });

  it('runs the tests that measure time after the others, and counts all', async () => {
    const { status, stdout, stderr } = await test(ALL_PASSED, 0, []);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '6 passed, 0 failed\n' });
    const [concurrent, measured] = stderr.split('\n').filter((line) => line.startsWith('jest: '));
    expect(concurrent).toMatch(/^jest: --testPathIgnorePatterns .*budgets/);
    expect(measured).toMatch(/^jest: --runInBand --testPathPatterns .*budgets/);
  });

  it.each([
    ['a failed test', { numFailedTests: 2 }, 1, 1, '3 passed, 2 failed\n'],
    ['a skipped test', { numPendingTests: 1 }, 0, 1, '3 passed, 1 failed\n'],
    ['a todo', { numTodoTests: 1 }, 0, 1, '3 passed, 1 failed\n'],
    ['a file that does not run', { numRuntimeErrorTestSuites: 1 }, 1, 1, '3 passed, 1 failed\n'],
    ['jest without results', null, 134, 134, '0 passed, 1 failed\n'],
  ])('counts %s as failed', async (_title, changes, jestStatus, status, line) => {
    const results = changes === null ? null : { ...ALL_PASSED, ...changes };
    expect(await test(results, jestStatus)).toMatchObject({ status, stdout: line });
  });

  it('does not count tests that -t leaves out', async () => {
    const { status, stdout } = await test({ ...ALL_PASSED, numPendingTests: 40 }, 0, ['-t', 'withdraws']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '3 passed, 0 failed\n' });
  });
});
