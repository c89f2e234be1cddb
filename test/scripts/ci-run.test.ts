import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRunning } from '../dev/fixture';
import { spawnCommand } from '../support/command';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { cleanEnvironment, ROOT, resultOf } from './small-project';

/** A fake program prints its name and arguments. */
const PRINT_CALL = 'echo "$(basename "$0") $*"';

describe('.ci/run', () => {
  const newFolder = useFolders();
  let folder: string;
  beforeEach(async () => {
    folder = await newFolder();
    write('clone/.ci/run', '');
    cpSync(join(ROOT, '.ci/run'), join(folder, 'clone/.ci/run'));
    mkdirSync(join(folder, 'tmp'));
    program(
      'npm',
      `${PRINT_CALL}; case "$*" in test) echo '3 passed, 0 failed';; *browser) echo '2 passed, 0 failed';; *api) echo '4 passed, 0 failed';; esac`,
    );
    program('node', `echo "node $*"; case "$*" in *start-on-node*) echo '1 passed, 0 failed';; esac`);
  });
  afterEach(() => {
    if (existsSync(join(folder, 'started')) && isRunning(scenariosPid())) process.kill(scenariosPid(), 'SIGKILL');
  });

  function scenariosPid(): number {
    return Number(readFileSync(join(folder, 'started'), 'utf8'));
  }

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function program(name: string, text: string): void {
    write(`bin/${name}`, `#!/bin/bash\n${text}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }

  /** Adds acceptance scenarios next to the clone. */
  function addScenarios(text: string): void {
    write('shared/acceptance/run.py', '');
    program('python3', text);
  }

  function start() {
    const PATH = `${join(folder, 'bin')}:${process.env['PATH']}`;
    const env = { ...cleanEnvironment(), PATH, TMPDIR: join(folder, 'tmp') };
    return spawnCommand(['bash', join(folder, 'clone/.ci/run')], { cwd: folder, env });
  }

  async function runCi() {
    const { status, stdout } = await resultOf(start());
    return { status, last: stdout.trim().split('\n').at(-1), stdout };
  }

  it('runs each part, the acceptance groups field, api and events by name and the others by default, and adds up the counts', async () => {
    addScenarios("shift; echo scenarios $* on $TEMPORAL_BIN; echo '10 passed, 0 failed'");
    const { status, last, stdout } = await runCi();
    expect({ status, last }).toEqual({ status: 0, last: '50 passed, 0 failed' });
    const lines = stdout.split('\n');
    for (const part of [
      ...['npm run check', 'node scripts/npm-audit.mjs', 'npm run build', 'npm test', 'npm run test:browser'],
      ...['node scripts/start-on-node.mjs 24', 'scenarios --group field on node scripts/temporal.mjs cli'],
      ...['npm run test:api', 'scenarios --group api on node scripts/temporal.mjs cli'],
      'scenarios --group events on node scripts/temporal.mjs cli',
      'scenarios on node scripts/temporal.mjs cli',
    ])
      expect(lines).toContain(part);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('passes if no scenarios exist next to the clone', async () => {
    expect(await runCi()).toMatchObject({ status: 0, last: '10 passed, 0 failed' });
  });

  it('runs the other parts after a failure, and fails', async () => {
    addScenarios("echo '9 passed, 1 failed'; exit 1");
    expect(await runCi()).toMatchObject({ status: 1, last: '46 passed, 4 failed' });
  });

  it('counts a part without a last line as failed', async () => {
    addScenarios('echo broken; exit 1');
    expect(await runCi()).toMatchObject({ status: 1, last: '10 passed, 4 failed' });
  });

  it('fails if a check fails, which has no counts', async () => {
    program('npm', `[ "$*" != 'run check' ] && echo '1 passed, 0 failed'`);
    expect(await runCi()).toMatchObject({ status: 1, last: '4 passed, 1 failed' });
  });

  it('stops the scenarios in the background when it is stopped', async () => {
    addScenarios('echo $$ > "$TMPDIR/../started"; exec sleep 600');
    program(
      'npm',
      `if [ "$*" = test ]; then until [ -s "$TMPDIR/../started" ]; do sleep 0.05; done; kill $PPID; exit 0; fi`,
    );
    await start().exited;
    await until('the scenarios to end', () => !isRunning(scenariosPid()));
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });
});
