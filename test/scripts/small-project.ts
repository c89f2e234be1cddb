import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The project whose scripts are tested. */
export const ROOT = join(__dirname, '..', '..');

// What the compiler needs, as the real lockfile has it; all else would only make npm slower.
const PACKAGES = ['typescript', '@types/node', 'undici-types'];

/** A clone-like folder with the real scripts and settings, but few packages and one source file a tree. */
export class SmallProject {
  private readonly home = mkdtempSync(join(tmpdir(), 'chartway-small-'));
  readonly folder: string;

  /** `name`: of the folder, where a test is about it. */
  constructor(name = 'clone') {
    this.folder = join(this.home, name);
    mkdirSync(this.folder);
    for (const path of ['scripts', '.npmrc', '.gitignore', 'tsconfig.json', 'tsconfig.build.json']) {
      cpSync(join(ROOT, path), this.at(path), { recursive: true });
    }
    const real = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
    const locked = Object.fromEntries(
      PACKAGES.map((name) => [`node_modules/${name}`, real.packages[`node_modules/${name}`]]),
    );
    const devDependencies = Object.fromEntries(PACKAGES.map((name) => [name, locked[`node_modules/${name}`]?.version]));
    const about = { name: 'small', version: '1.0.0', devDependencies };
    const main = 'node scripts/build.mjs && exec node --enable-source-maps dist/src/main.js';
    const packages = { '': about, ...locked };
    this.write('package.json', JSON.stringify({ ...about, scripts: { build: 'node scripts/build.mjs', main } }));
    this.write('package-lock.json', JSON.stringify({ name: 'small', version: '1.0.0', lockfileVersion: 3, packages }));
    this.write('src/main.ts', "process.stdout.write('first');\n");
    this.write('sandbox/main.ts', 'export const stranger = true;\n');
  }

  at(path: string): string {
    return join(this.folder, path);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  /** Starts `npm run <script>` there. */
  npm(script: string, env?: NodeJS.ProcessEnv): Running {
    return new Running('npm', ['run', script], this.folder, env);
  }

  /** Starts Node there. */
  node(args: readonly string[], env?: NodeJS.ProcessEnv): Running {
    return new Running(process.execPath, args, this.folder, env);
  }

  /** Puts a stand-in for a package into its node_modules. */
  stub(name: string, file: string, text: string): void {
    this.write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: file }));
    this.write(`node_modules/${name}/${file}`, text);
  }

  /** Puts a Node program on a PATH of its own; returns that PATH. */
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

/** A started command and what it has printed so far. */
export class Running {
  readonly child: ChildProcess;
  /** Resolves to the exit status; null after a signal. */
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(program, args, { cwd, env: { ...ownEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (bytes) => {
      this.stdout += bytes;
    });
    this.child.stderr?.on('data', (bytes) => {
      this.stderr += bytes;
    });
    this.ended = new Promise((resolve, reject) => this.child.once('error', reject).once('close', resolve));
  }

  /** Resolves when the text has been printed on either stream; throws if the command ends without it. */
  prints(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => (this.stdout + this.stderr).includes(text) && resolve();
      this.child.stdout?.on('data', look);
      this.child.stderr?.on('data', look);
      look();
      this.ended.then(() => reject(new Error(`ended without printing ${text}: ${this.stdout}${this.stderr}`)), reject);
    });
  }
}

// As in a terminal: without what the npm and jest that run these tests hand down. npm uses its cache, which this project's installation filled,
// because these tests do not depend on a registry that answers.
function ownEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_ENV$|JEST_|INIT_CWD$|TEMPORAL_|CHARTWAY_)/.test(name),
  );
  return { ...Object.fromEntries(inherited), npm_config_prefer_offline: 'true' };
}
