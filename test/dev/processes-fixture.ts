import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Member } from '../../src/dev/supervisor';
import { Supervisor } from '../../src/dev/supervisor';

/** Says that it serves, notes when it is told to end, ends. */
export const OBEDIENT = `
  process.on('SIGTERM', () => { console.log('draining'); process.exit(0); });
  setInterval(() => {}, 1000);
  console.log(JSON.stringify({ event: 'ready', process: 'x', addresses: [] }));`;
/** Does not end when it is told to. */
export const DEAF = `
  process.on('SIGTERM', () => console.log('not yet'));
  setInterval(() => {}, 1000);
  console.log(JSON.stringify({ event: 'ready', process: 'x', addresses: [] }));`;
/** Serves for a moment, then breaks. */
export const FRAIL = `
  console.log(JSON.stringify({ event: 'ready', process: 'x', addresses: [] }));
  setTimeout(() => { console.error('broken'); process.exit(7); }, 50);`;

/** A supervisor over a folder of its own, with everything that it told. */
export function supervised() {
  const folder = mkdtempSync(path.join(tmpdir(), 'dev-'));
  const lines: string[] = [];
  const events: string[] = [];
  let pids: Readonly<Record<string, number>> = {};
  const supervisor = new Supervisor(folder, {
    line: (name, line) => lines.push(`${name}: ${line}`),
    event: (text) => events.push(text),
    running: (running) => {
      pids = running;
    },
  });
  return {
    supervisor,
    lines,
    events,
    pid: (name: string) => pids[name] ?? -1,
    log: (name: string) => readFileSync(path.join(folder, `${name}.log`), 'utf8'),
    async close() {
      supervisor.kill();
      await supervisor.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A member that runs a piece of JavaScript. */
export function member(name: string, script: string, changes: Partial<Member> = {}): Member {
  return {
    name,
    program: process.execPath,
    args: ['-e', script],
    env: process.env,
    serves: null,
    readyWithinMs: 10_000,
    graceMs: 10_000,
    quiet: false,
    ifLost: 'end',
    ...changes,
  };
}

/** Whether a process is there. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the condition holds; the test's own time limit is the only one. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
