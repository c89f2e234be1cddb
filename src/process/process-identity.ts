import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process by pid and start time, because a pid is reused. Stored as JSON by `npm start`. */
export interface ProcessIdentity {
  readonly name: string;
  readonly pid: number;
  readonly began: string;
}

/** The identity of a running process. */
export function identifyProcess(name: string, pid: number): ProcessIdentity {
  return { name, pid, began: readStart(pid) ?? '' };
}

/** Whether this very process still runs on this host. */
export function isRunning({ pid, began }: Pick<ProcessIdentity, 'pid' | 'began'>): boolean {
  return readStart(pid) === began;
}

/** The start time of a process in the system's format; null if it does not run or is a zombie. */
function readStart(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      // proc(5): after the name in brackets comes the state; field 22 is the start in clock ticks since boot.
      const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
      return state === 'Z' ? null : (fields[18] ?? null);
    }
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const output = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env });
    const [state = 'Z', ...start] = output.trim().split(/\s+/);
    return state.startsWith('Z') ? null : start.join('-');
  } catch {
    return null;
  }
}
