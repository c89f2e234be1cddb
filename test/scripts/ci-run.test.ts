import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lives, until } from '../dev/processes-fixture';
import { ROOT, Running } from './small-project';

/** What stands in for a program: it prints what it was asked, then its closing line. */
const SPEAK = 'echo "$(basename "$0") $*"';

describe('.ci/run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chartway-ci-'));
    write('clone/.ci/run', '');
    cpSync(join(ROOT, '.ci/run'), join(folder, 'clone/.ci/run'));
    mkdirSync(join(folder, 'tmp'));
    program(
      'npm',
      `${SPEAK}; case "$*" in test) echo '3 passed, 0 failed';; *browser) echo '2 passed, 0 failed';; esac`,
    );
    program('node', `echo "node $*"; case "$*" in *start-on-node*) echo '1 passed, 0 failed';; esac`);
  });
  afterEach(() => {
    if (existsSync(join(folder, 'began')) && lives(scenariosPid())) process.kill(scenariosPid(), 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function scenariosPid(): number {
    return Number(readFileSync(join(folder, 'began'), 'utf8'));
  }

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function program(name: string, text: string): void {
    write(`bin/${name}`, `#!/bin/bash\n${text}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }

  /** The acceptance scenarios lie beside the clone. */
  function withScenarios(text: string): void {
    write('shared/acceptance/run.py', '');
    program('python3', text);
  }

  function begin() {
    const PATH = `${join(folder, 'bin')}:${process.env['PATH']}`;
    return new Running('bash', [join(folder, 'clone/.ci/run')], folder, { PATH, TMPDIR: join(folder, 'tmp') });
  }

  async function end(run: Running) {
    const status = await run.ended;
    return { status, last: run.stdout.trim().split('\n').at(-1), stdout: run.stdout };
  }

  it('runs every part, the acceptance group field by name and the others by default, and counts all together', async () => {
    withScenarios("shift; echo scenarios $* on $TEMPORAL_BIN; echo '10 passed, 0 failed'");
    const { status, last, stdout } = await end(begin());
    expect({ status, last }).toEqual({ status: 0, last: '26 passed, 0 failed' });
    const said = stdout.split('\n');
    for (const part of [
      ...['npm run check', 'node scripts/npm-audit.mjs', 'npm run build', 'npm test', 'npm run test:browser'],
      ...['node scripts/start-on-node.mjs 24', 'scenarios --group field on node scripts/temporal.mjs cli'],
      'scenarios on node scripts/temporal.mjs cli',
    ])
      expect(said).toContain(part);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('is as long as there are no scenarios beside the clone', async () => {
    expect(await end(begin())).toMatchObject({ status: 0, last: '6 passed, 0 failed' });
  });

  it('goes on after a part that failed, and fails', async () => {
    withScenarios("echo '9 passed, 1 failed'; exit 1");
    expect(await end(begin())).toMatchObject({ status: 1, last: '24 passed, 2 failed' });
  });

  it('counts a part that ended without its closing line as one that failed', async () => {
    withScenarios('echo broken; exit 1');
    expect(await end(begin())).toMatchObject({ status: 1, last: '6 passed, 2 failed' });
  });

  it('fails where a check does, which counts nothing', async () => {
    program('npm', `[ "$*" != 'run check' ] && echo '1 passed, 0 failed'`);
    expect(await end(begin())).toMatchObject({ status: 1, last: '3 passed, 1 failed' });
  });

  it('ends the scenarios that run beside it when it is ended itself', async () => {
    withScenarios('echo $$ > "$TMPDIR/../began"; exec sleep 600');
    program(
      'npm',
      `if [ "$*" = test ]; then until [ -s "$TMPDIR/../began" ]; do sleep 0.05; done; kill $PPID; exit 0; fi`,
    );
    const run = begin();
    await run.ended;
    await until(() => !lives(scenariosPid()));
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });
});
