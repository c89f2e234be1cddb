import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { killCommands, type RunningCommand, spawnCommand } from './command';
import { until } from './condition';

const ROOT = join(__dirname, '..', '..');

/** A loopback port without a server, so that no test reaches the real Human API. */
export const UPSTREAM_NOWHERE = {
  HUMAN_API_AUTH_URL: 'http://127.0.0.1:9',
  HUMAN_API_ADMIN_URL: 'http://127.0.0.1:9',
  HUMAN_API_DATA_URL: 'http://127.0.0.1:9',
};

/** The entry of each process, below `dist/`. */
const ENTRIES = {
  worker: 'src/worker.js',
  webhook: 'src/webhook.js',
  api: 'src/api.js',
  starter: 'src/starter.js',
  chartway: 'src/chartway.js',
  sandbox: 'sandbox/main.js',
} as const;

export type ProcessName = keyof typeof ENTRIES;

/** A compiled process with its own environment, as in production. */
export interface RunningProcess extends RunningCommand {
  readonly name: ProcessName;
  /** The URLs of its ready line. */
  readonly addresses: readonly string[];
}

const RUN_TIMEOUT_MS = 60_000;
/** A build takes about 20 s on an idle machine. */
const BUILD_TIMEOUT_MS = 240_000;

let isClosed = false;

/** Builds `dist` before the tests of a file; `npm test` has built it already. After the tests kills the processes that still run. */
export function useBuild(): void {
  beforeAll(async () => {
    isClosed = false;
    const script = join(ROOT, 'scripts', 'build.mjs');
    await promisify(execFile)(process.execPath, [script], { timeout: BUILD_TIMEOUT_MS });
  }, BUILD_TIMEOUT_MS);
  afterAll(async () => {
    // A set-up that exceeded its time limit must not start more.
    isClosed = true;
    await killCommands();
  });
}

/** Starts a process in `folder` (where it finds no `.env`) and resolves with its ready line. */
export async function startProcess(
  name: ProcessName,
  folder: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<RunningProcess> {
  const started = launch(name, folder, env, args, 'ignore');
  await until(`a ready line of the ${name}`, () => started.lines().length > 0 || started.hasExited());
  const [line] = started.lines();
  if (line === undefined) throw new Error(`expected a ready line of the ${name}, it exited: ${started.stderr()}`);
  return { ...started, name, addresses: addressesIn(line, name) };
}

/** Runs a process to its end. */
export async function runProcess(
  name: ProcessName,
  folder: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  input = '',
): Promise<{ status: number | null; lines: readonly string[]; stderr: string; output: string }> {
  const started = launch(name, folder, env, args, 'pipe');
  started.child.stdin?.end(input);
  const limit = setTimeout(() => started.child.kill('SIGKILL'), RUN_TIMEOUT_MS);
  const status = await started.exited.finally(() => clearTimeout(limit));
  return { status, lines: started.lines(), stderr: started.stderr(), output: started.output() };
}

function launch(
  name: ProcessName,
  cwd: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  stdin: 'pipe' | 'ignore',
): RunningCommand {
  if (isClosed) throw new Error(`expected no ${name} to be started at the end of the test`);
  const entry = join(ROOT, 'dist', ENTRIES[name]);
  // Without the settings of the user's environment.
  const environment = { PATH: process.env['PATH'], ...UPSTREAM_NOWHERE, ...env };
  return spawnCommand([process.execPath, entry, ...args], { cwd, env: environment, stdio: [stdin, 'pipe', 'pipe'] });
}

function addressesIn(line: string, name: ProcessName): readonly string[] {
  const ready = JSON.parse(line) as { event: string; process: string; addresses: string[] };
  if (ready.event !== 'ready' || ready.process !== name)
    throw new Error(`expected a ready line of the ${name}: ${line}`);
  return ready.addresses;
}
