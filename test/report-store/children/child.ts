import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A real process that runs one of the scripts beside this file. */
export interface Child {
  /** Resolves with the next message that the script sends; rejects where it ends without one. */
  said(): Promise<unknown>;
  /** All that it sent so far, in order. */
  readonly heard: readonly unknown[];
  say(message: string): void;
  /** Stands still, wherever it is, until it is told to go on. */
  stop(): void;
  goOn(): void;
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
  // Not before its channel has ended: what it said last may come after its exit.
  const exit = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(
    ([[status]]) => status as number | null,
  );
  void exit.finally(() => running.delete(child));
  const early = exit.then(() => Promise.reject(new Error(`${script} ended before it said anything`)));
  early.catch(() => undefined);
  const heard: unknown[] = [];
  child.on('message', (message) => heard.push(message));
  return {
    heard,
    said: async () => (await Promise.race([once(child, 'message'), early]))[0],
    say: (message) => void child.send(message),
    stop: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    kill: async () => {
      child.kill('SIGKILL');
      await exit;
    },
    ended: () => exit,
  };
}
