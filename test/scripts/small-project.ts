import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type RunningCommand, spawnCommand } from '../support/command';

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
    return this.run(['npm', 'run', script], env);
  }

  /** Starts Node in the project. */
  node(args: readonly string[], env?: NodeJS.ProcessEnv): RunningCommand {
    return this.run([process.execPath, ...args], env);
  }

  private run(command: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
    return spawnCommand(command, { cwd: this.folder, env: { ...cleanEnvironment(), ...env } });
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

/** Waits for the end of a command. */
export async function resultOf(command: RunningCommand) {
  return { status: await command.exited, stdout: command.stdout(), stderr: command.stderr() };
}

// As in a terminal: without the variables of the npm and jest that run these tests. npm prefers its cache, so that the
// tests do not depend on a registry.
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_ENV$|JEST_|INIT_CWD$|TEMPORAL_|CHARTWAY_)/.test(name),
  );
  return { ...Object.fromEntries(inherited), npm_config_prefer_offline: 'true' };
}
