import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { SmallProject } from './small-project';

// npm fetches the compiler, mostly from its cache.
const INSTALL_LIMIT_MS = 120_000;
// A test runs the compiler, and sometimes npm, while other tests keep both cores busy.
jest.setTimeout(INSTALL_LIMIT_MS);

describe('npm run build', () => {
  // Installed and built once for all of these: each starts from a project that is up to date, and leaves its sources good.
  const project = new SmallProject();
  beforeAll(build, INSTALL_LIMIT_MS);
  afterAll(() => project.remove());

  async function build() {
    const command = project.npm('build');
    const status = await command.ended;
    return { status, stdout: command.stdout, stderr: command.stderr };
  }

  it(
    'does the work once when three commands are started in a fresh clone at the same time',
    async () => {
      const fresh = new SmallProject();
      const commands = [fresh.npm('build'), fresh.npm('main'), fresh.npm('build')];
      expect(await Promise.all(commands.map(({ ended }) => ended))).toEqual([0, 0, 0]);
      const said = commands.map(({ stderr }) => stderr).join('');
      expect(said.match(/installing packages \(npm ci\) \.\.\./g)).toHaveLength(1);
      expect(said.match(/compiling \(tsc\) \.\.\./g)).toHaveLength(1);
      expect(said).toMatch(/waiting for process \d+, which is installing or building/);
      expect(commands.map(({ stdout }) => stdout)).toEqual(['', 'first', '']);
      fresh.remove();
    },
    INSTALL_LIMIT_MS,
  );

  it("with no registry, shows npm's error although .npmrc keeps npm silent", async () => {
    const fresh = new SmallProject();
    const nowhere = {
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_fetch_retries: '0',
      npm_config_cache: fresh.at('cache'),
    };
    const command = fresh.npm('build', nowhere);
    expect(await command.ended).toBe(1);
    expect(command.stderr).toMatch(/npm error code ECONNREFUSED[\s\S]*npm ci ended with status 1/);
    expect(command.stdout).toBe('');
    fresh.remove();
  });

  it('does and says nothing when there is nothing to do', async () => {
    const marks = ['dist', 'dist/.built-from', 'node_modules', 'node_modules/.chartway-installed'];
    const identities = () => marks.map((path) => statSync(project.at(path))).map(({ ino, mtimeMs }) => [ino, mtimeMs]);
    const before = identities();
    expect(await build()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(identities()).toEqual(before);
  });

  it('does nothing for a checkout that changed only the time stamps', async () => {
    utimesSync(project.at('src/main.ts'), new Date(), new Date());
    expect(await build()).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('takes over what npm ci has installed by hand', async () => {
    rmSync(project.at('node_modules/.chartway-installed'));
    writeFileSync(project.at('node_modules/mark'), '');
    expect(await build()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(existsSync(project.at('node_modules/mark'))).toBe(true);
  });

  it('installs again when the lockfile has changed', async () => {
    const lockfile = readFileSync(project.at('package-lock.json'), 'utf8');
    const held = readFileSync(project.at('node_modules/.package-lock.json'), 'utf8');
    writeFileSync(
      project.at('node_modules/.package-lock.json'),
      held.replace(/"version": "6[^"]*"/, '"version": "5.0.0"'),
    );
    writeFileSync(project.at('package-lock.json'), `${lockfile}\n`);
    const { status, stderr } = await build();
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('installing packages (npm ci)') });
    expect(existsSync(project.at('node_modules/mark'))).toBe(false);
  });

  it('builds again when a source has changed, and leaves out what has been deleted', async () => {
    project.write('src/extra.ts', 'export const extra = 1;\n');
    expect((await build()).stderr).toContain('compiling (tsc) ...');
    expect(existsSync(project.at('dist/src/extra.js'))).toBe(true);
    rmSync(project.at('src/extra.ts'));
    expect((await build()).stderr).toContain('compiling (tsc) ...');
    expect(existsSync(project.at('dist/src/extra.js'))).toBe(false);
  });

  it('leaves the last good dist where the sources do not compile, and says what is wrong', async () => {
    project.write('src/main.ts', "const text: string = 1;\nprocess.stdout.write('wrong');\n");
    const { status, stdout, stderr } = await build();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('src/main.ts(1,7): error TS2322');
    expect(readFileSync(project.at('dist/src/main.js'), 'utf8')).toContain("'first'");
    project.write('src/main.ts', "process.stdout.write('first');\n");
  });

  it('takes over from a build that was killed, which left no half-made dist', async () => {
    project.write('src/main.ts', "process.stdout.write('second');\n");
    // The build kills itself, because a signal from this process may arrive after the build has ended.
    const dying = `const { stderr } = process, write = stderr.write.bind(stderr);
      stderr.write = (text) => {
        if (text.includes('compiling (tsc) ...')) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
        return write(text);
      };`;
    const killed = project.node(['--import', `data:text/javascript,${encodeURIComponent(dying)}`, 'scripts/build.mjs']);
    expect(await killed.ended).toBeNull();
    expect(readFileSync(project.at('dist/src/main.js'), 'utf8')).toContain("'first'");
    expect(existsSync(project.at('.data/build.lock'))).toBe(true);

    expect((await build()).status).toBe(0);
    expect(readFileSync(project.at('dist/src/main.js'), 'utf8')).toContain("'second'");
    expect(existsSync(project.at('.data/build.lock'))).toBe(false);
  });

  it('takes over a lock whose process number has gone to another process', async () => {
    project.write('.data/build.lock', `${process.pid} 1`);
    project.write('src/main.ts', "process.stdout.write('third');\n");
    expect(await build()).toMatchObject({ status: 0, stderr: expect.not.stringContaining('waiting') });
  });

  it('waits while the compiler of a killed build still lives', async () => {
    const compiler = project.node(['-e', "process.stdout.write('running'); setInterval(() => {}, 1000)"]);
    await compiler.prints('running');
    const hold = `const { withLock } = await import('./scripts/set-up/lock.mjs');
      await withLock('.data/build.lock', 'building', (share) => {
        share(${compiler.child.pid});
        process.stdout.write('held');
        return new Promise(() => setInterval(() => {}, 1000));
      });`;
    const builder = project.node(['--input-type=module', '-e', hold]);
    await builder.prints('held');
    builder.child.kill('SIGKILL');
    await builder.ended;
    project.write('src/main.ts', "process.stdout.write('fourth');\n");
    const next = project.npm('build');
    await next.prints(`waiting for process ${compiler.child.pid}, which is installing or building`);
    compiler.child.kill('SIGKILL');
    expect(await next.ended).toBe(0);
  });

  it('hands SIGTERM from npm to the process, which drains, with nothing of npm on stdout', async () => {
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
    await command.prints('ready');
    command.child.kill('SIGTERM');
    await command.ended;
    expect(command.stdout).toBe('ready drained');
  });

  it('asks for a newer Node by name and number', async () => {
    const old = project.node([
      '--input-type=module',
      '-e',
      "const { requireNode } = await import('./scripts/set-up/node-version.mjs'); requireNode('20.19.6');",
    ]);
    expect(await old.ended).toBe(1);
    expect(old.stderr).toContain('Node 20.20 or newer is needed, this is 20.19.6');
  });
});
