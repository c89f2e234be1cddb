import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The project whose scripts are tested. */
export const ROOT = join(__dirname, '..', '..');

// What the compiler needs, with the versions of the real lockfile.
const PACKAGES = ['typescript', '@types/node', 'undici-types'];

/** A clone with the real scripts and settings, but few packages and one source file in src and in sandbox. */
export class SmallProject {
  private readonly home = mkdtempSync(join(tmpdir(), 'chartway-small-'));
  readonly folder: string;

  /** `name`: the name of its folder. */
  constructor(name = 'clone') {
    this.folder = join(this.home, name);
    mkdirSync(this.folder);
    for (const path of ['scripts', '.npmrc', '.gitignore', 'tsconfig.json', 'tsconfig.build.json']) {
      cpSync(join(ROOT, path), this.at(path), { recursive: true });
    }
    const lockfile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
    const locked = Object.fromEntries(
      PACKAGES.map((name) => [`node_modules/${name}`, lockfile.packages[`node_modules/${name}`]]),
    );
    const devDependencies = Object.fromEntries(PACKAGES.map((name) => [name, locked[`node_modules/${name}`]?.version]));
    const manifest = { name: 'small', version: '1.0.0', devDependencies };
    const main = 'node scripts/build.mjs && exec node --enable-source-maps dist/src/main.js';
    const packages = { '': manifest, ...locked };
    this.write('package.json', JSON.stringify({ ...manifest, scripts: { build: 'node scripts/build.mjs', main } }));
    this.write('package-lock.json', JSON.stringify({ name: 'small', version: '1.0.0', lockfileVersion: 3, packages }));
    this.write('src/main.ts', "process.stdout.write('first');\n");
    this.write('sandbox/main.ts', 'export const isSandbox = true;\n');
  }

  at(path: string): string {
    return join(this.folder, path);
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  /** Starts `npm run <script>` in the project. */
  npm(script: string, env?: NodeJS.ProcessEnv): RunningCommand {
    return new RunningCommand('npm', ['run', script], this.folder, env);
  }

  /** Starts Node in the project. */
  node(args: readonly string[], env?: NodeJS.ProcessEnv): RunningCommand {
    return new RunningCommand(process.execPath, args, this.folder, env);
  }

  /** Writes a fake package into node_modules. */
  stub(name: string, file: string, text: string): void {
    this.write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: file }));
    this.write(`node_modules/${name}/${file}`, text);
  }

  /** Writes a Node program into `bin`; returns that folder for the PATH. */
  program(name: string, text: string): string {
    this.write(`bin/${name}`, `#!${process.execPath}\n${text}`);
    chmodSync(this.at(`bin/${name}`), 0o755);
    return this.at('bin');
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

interface Lockfile {
  packages: Record<string, { version: string }>;
}

/** A started command and its output so far. */
export class RunningCommand {
  readonly child: ChildProcess;
  /** Resolves to the exit status; null after a signal. */
  readonly exited: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(program, args, {
      cwd,
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (bytes) => {
      this.stdout += bytes;
    });
    this.child.stderr?.on('data', (bytes) => {
      this.stderr += bytes;
    });
    this.exited = new Promise((resolve, reject) => this.child.once('error', reject).once('close', resolve));
  }

  /** Resolves when the output contains the text; throws if the command ends without it. */
  waitForOutput(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => (this.stdout + this.stderr).includes(text) && resolve();
      this.child.stdout?.on('data', check);
      this.child.stderr?.on('data', check);
      check();
      const fail = () => reject(new Error(`expected ${text} in the output: ${this.stdout}${this.stderr}`));
      this.exited.then(fail, reject);
    });
  }
}

// As in a terminal: without the variables of the npm and jest that run these tests. npm prefers its cache, so that the
// tests do not depend on a registry.
function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_ENV$|JEST_|INIT_CWD$|TEMPORAL_|CHARTWAY_)/.test(name),
  );
  return { ...Object.fromEntries(inherited), npm_config_prefer_offline: 'true' };
}
