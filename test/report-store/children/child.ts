import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A real process that runs one of the scripts beside this file. */
export interface Child {
  /** Resolves with the next message that the script sends. */
  said(): Promise<unknown>;
  say(message: string): void;
  kill(): Promise<void>;
  /** Resolves with the exit status. */
  ended(): Promise<number | null>;
}

export function startChild(script: string, ...args: string[]): Child {
  const child: ChildProcess = fork(join(__dirname, `${script}.ts`), args, {
    execArgv: ['-r', join(__dirname, 'typescript.js')],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exit = once(child, 'exit');
  return {
    said: async () => (await once(child, 'message'))[0],
    say: (message) => void child.send(message),
    kill: async () => {
      child.kill('SIGKILL');
      await exit;
    },
    ended: async () => (await exit)[0],
  };
}
