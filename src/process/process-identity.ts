import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process by its pid and when it began: a pid alone may meanwhile belong to another process. */
export interface ProcessIdentity {
  readonly name: string;
  readonly pid: number;
  readonly began: string;
}

/** The identity of a process that runs now. */
export function identify(name: string, pid: number): ProcessIdentity {
  return { name, pid, began: beganAt(pid) ?? '' };
}

/** Whether this very process still runs on this host. */
export function lives({ pid, began }: Pick<ProcessIdentity, 'pid' | 'began'>): boolean {
  return beganAt(pid) === began;
}

/** When a process began, in the system's own words; null where there is none or only its remains. */
function beganAt(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      // proc(5): behind the name in brackets the state, and as field 22 the start in clock ticks since boot.
      const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
      return state === 'Z' ? null : (fields[18] ?? null);
    }
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const said = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env });
    const [state = 'Z', ...start] = said.trim().split(/\s+/);
    return state.startsWith('Z') ? null : start.join('-');
  } catch {
    return null;
  }
}
