import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A real process that runs one of the scripts beside this file. */
export interface Child {
  /** Resolves with the next message that the script sends; rejects where it ends without one. */
  said(): Promise<unknown>;
  say(message: string): void;
  kill(): Promise<void>;
  /** Resolves with the exit status. */
  ended(): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Ends what a failed test left running. */
export function stopChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

export function startChild(script: string, ...args: string[]): Child {
  const child: ChildProcess = fork(join(__dirname, `${script}.ts`), args, {
    execArgv: ['-r', join(__dirname, 'typescript.js')],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.add(child);
  const exit = once(child, 'exit').finally(() => running.delete(child));
  const early = exit.then(() => Promise.reject(new Error(`${script} ended before it said anything`)));
  early.catch(() => undefined);
  return {
    said: async () => (await Promise.race([once(child, 'message'), early]))[0],
    say: (message) => void child.send(message),
    kill: async () => {
      child.kill('SIGKILL');
      await exit;
    },
    ended: async () => (await exit)[0],
  };
}
