import { SmallProject } from './small-project';

// npm fetches the compiler, mostly from its cache.
const INSTALL_LIMIT_MS = 120_000;

// Writes the results it is told to where --outputFile says, and ends with the status it is told.
const FAKE_JEST = `
const { RESULTS, STATUS } = process.env;
const args = process.argv.slice(2);
if (RESULTS) require('node:fs').writeFileSync(args[args.indexOf('--outputFile') + 1], RESULTS);
process.stdout.write('jest: ' + args.slice(3).join(' ') + '\\n');
process.stdout.write('servers: ' + process.env.TEMPORAL_CLI_PATH + ' ' + process.env.TEMPORAL_TEST_SERVER_PATH + '\\n');
process.exit(Number(STATUS));
`;

const ALL_PASSED = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

describe('npm test', () => {
  const project = new SmallProject();
  const servers = { TEMPORAL_CLI_PATH: process.execPath, TEMPORAL_TEST_SERVER_PATH: process.execPath };
  beforeAll(async () => {
    await project.npm('build').ended;
    project.stub('jest', 'bin/jest.js', FAKE_JEST);
  }, INSTALL_LIMIT_MS);
  afterAll(() => project.remove());

  async function test(results: object | null, jestStatus: number, args: string[] = ['test']) {
    const told = { STATUS: String(jestStatus), RESULTS: results === null ? '' : JSON.stringify(results) };
    const command = project.node(['scripts/test.mjs', ...args], { ...servers, ...told });
    return { status: await command.ended, stdout: command.stdout, stderr: command.stderr };
  }

  it("closes with one plain line and jest's status, and passes its arguments on", async () => {
    const { status, stdout, stderr } = await test(ALL_PASSED, 0, ['test/domain', '--verbose']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '3 passed, 0 failed\n' });
    expect(stderr).toContain('jest: test/domain --verbose\n');
  });

  it('runs what needs the machine to itself after the rest, and counts all', async () => {
    const { status, stdout, stderr } = await test(ALL_PASSED, 0, []);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '6 passed, 0 failed\n' });
    const [together, measured] = stderr.split('\n').filter((line) => line.startsWith('jest: '));
    expect(together).toMatch(/^jest: --testPathIgnorePatterns .*budgets/);
    expect(measured).toMatch(/^jest: --runInBand --testPathPatterns .*budgets/);
  });

  it('gives the tests both Temporal servers', async () => {
    expect((await test(ALL_PASSED, 0)).stderr).toContain(`servers: ${process.execPath} ${process.execPath}`);
  });

  it.each([
    ['a failed test', { numFailedTests: 2 }, 1, '3 passed, 2 failed\n'],
    ['a skipped test', { numPendingTests: 1 }, 0, '3 passed, 1 failed\n'],
    ['a test left as todo', { numTodoTests: 1 }, 0, '3 passed, 1 failed\n'],
    ['a file that does not run', { numRuntimeErrorTestSuites: 1 }, 1, '3 passed, 1 failed\n'],
  ])('counts %s as failed', async (_what, results, jestStatus, line) => {
    const { status, stdout } = await test({ ...ALL_PASSED, ...results }, jestStatus);
    expect({ status, stdout }).toEqual({ status: 1, stdout: line });
  });

  it('does not count what -t left out', async () => {
    const { status, stdout } = await test({ ...ALL_PASSED, numPendingTests: 40 }, 0, ['-t', 'withdraws']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '3 passed, 0 failed\n' });
  });

  it('has failed where jest ended without results', async () => {
    expect(await test(null, 134)).toMatchObject({ status: 134, stdout: '0 passed, 1 failed\n' });
  });
});
