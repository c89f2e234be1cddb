import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';

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
export interface RunningProcess {
  readonly name: ProcessName;
  readonly pid: number;
  /** The URLs of its ready line. */
  readonly addresses: readonly string[];
  /** Every line on stdout so far. */
  lines(): readonly string[];
  /** The end of stderr, for the message of a failed test. */
  stderr(): string;
  /** stdout and stderr so far. */
  output(): string;
  /** Sends a signal, by default SIGTERM, and returns the exit status; null if the signal ended the process. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A start takes a second or two on two idle cores. */
const READY_TIMEOUT_MS = 40_000;
/** Longer than the longest drain. */
const END_TIMEOUT_MS = 35_000;
/** A build takes about 20 s on an idle machine. */
export const BUILD_TIMEOUT_MS = 240_000;

/** Builds `dist`; under `npm test` it is built already. */
export async function ensureBuilt(): Promise<void> {
  const script = join(ROOT, 'scripts', 'build.mjs');
  await promisify(execFile)(process.execPath, [script], { timeout: BUILD_TIMEOUT_MS });
}

const alive = new Set<ChildProcess>();
let closed = false;

/** Kills all processes and rejects further starts, for the end of a test file. */
export async function killLeftOvers(): Promise<void> {
  closed = true;
  await Promise.all([...alive].map((child) => end(child, once(child, 'close'), 'SIGKILL')));
}

/** Starts a process in `folder` (where it finds no `.env`) and resolves with its ready line. */
export async function startProcess(
  name: ProcessName,
  folder: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<RunningProcess> {
  const started = launch(name, folder, env, args);
  const ready = Promise.race([firstLine(started), started.ended.then(() => null)]);
  const limit = setTimeout(() => started.child.kill('SIGKILL'), READY_TIMEOUT_MS);
  const line = await ready.finally(() => clearTimeout(limit));
  if (line === null) throw new Error(`expected a ready line of the ${name}, it exited: ${started.stderr()}`);
  return { name, pid: started.child.pid ?? -1, addresses: addressesIn(line, name), ...started };
}

/** Runs a process to its end. */
export async function runProcess(
  name: ProcessName,
  folder: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  input = '',
): Promise<{ status: number | null; lines: readonly string[]; stderr: string; output: string }> {
  const started = launch(name, folder, env, args);
  started.child.stdin?.end(input);
  const limit = setTimeout(() => started.child.kill('SIGKILL'), READY_TIMEOUT_MS);
  const status = await started.ended.finally(() => clearTimeout(limit));
  return { status, lines: started.lines(), stderr: started.stderr(), output: started.output() };
}

function launch(name: ProcessName, cwd: string, env: Readonly<Record<string, string>>, args: readonly string[]) {
  if (closed) throw new Error(`expected no ${name} to be started at the end of the test`);
  const entry = join(ROOT, 'dist', ENTRIES[name]);
  // Without the settings of the user's environment.
  const environment = { PATH: process.env['PATH'], ...UPSTREAM_NOWHERE, ...env };
  const child = spawn(process.execPath, [entry, ...args], { cwd, env: environment });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    written.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    written.stderr += chunk;
  });
  alive.add(child);
  const ended = once(child, 'close').then(([status]) => {
    alive.delete(child);
    return status as number | null;
  });
  return {
    child,
    ended,
    lines: () => written.stdout.split('\n').slice(0, -1),
    stderr: () => written.stderr.slice(-8_000),
    output: () => written.stdout + written.stderr,
    end: (signal: NodeJS.Signals = 'SIGTERM') => end(child, ended, signal),
  };
}

async function firstLine(started: ReturnType<typeof launch>): Promise<string> {
  for (;;) {
    const [line] = started.lines();
    if (line !== undefined) return line;
    await once(started.child.stdout ?? started.child, 'data');
  }
}

function addressesIn(line: string, name: ProcessName): readonly string[] {
  const ready = JSON.parse(line) as { event: string; process: string; addresses: string[] };
  if (ready.event !== 'ready' || ready.process !== name)
    throw new Error(`expected a ready line of the ${name}: ${line}`);
  return ready.addresses;
}

async function end<T>(child: ChildProcess, ended: Promise<T>, signal: NodeJS.Signals): Promise<T> {
  child.kill(signal);
  const limit = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
  return ended.finally(() => clearTimeout(limit));
}
