import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that runs, with what it has printed on both streams. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Its exit status; null: a signal ended it. */
  readonly ended: Promise<number | null>;
  said(): string;
  lines(): readonly string[];
  /** SIGTERM, and SIGKILL where that does not help; gives the exit status. */
  end(): Promise<number | null>;
}

/** Longer than any drain of ours, and than PostgreSQL's last checkpoint here. */
const END_LIMIT_MS = 60_000;
const alive = new Set<ChildProcess>();

/** Ends at once, by its pid, whatever of this check still runs. */
export async function killLeftOvers(): Promise<void> {
  await Promise.all([...alive].map(async (child) => child.kill('SIGKILL') && (await once(child, 'close'))));
}

export function start(name: string, [program = '', ...args]: readonly string[], options: SpawnOptions): Running {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.on('data', (chunk) => {
      printed[stream] += chunk;
    });
  alive.add(child);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      alive.delete(child);
      resolve(status);
    });
  });
  // Whoever waits for it hears of it; where nobody does, it is no reason to end the check.
  ended.catch(() => alive.delete(child));
  const end = async () => {
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
    return ended.finally(() => clearTimeout(limit));
  };
  const said = () => `${printed.stdout}${printed.stderr}`.slice(-6_000);
  return { name, pid: child.pid ?? -1, ended, said, lines: () => printed.stdout.split('\n').slice(0, -1), end };
}

/** Runs a program to its end; gives what it printed on stdout. Throws where its exit status is not 0. */
export async function run(name: string, command: readonly string[], options: SpawnOptions): Promise<string> {
  const running = start(name, command, options);
  const status = await running.ended;
  if (status !== 0) throw new Error(`expected ${name} to end with status 0, got ${status}: ${running.said()}`);
  return running.lines().join('\n');
}
