import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process that runs one of the scripts in this folder. */
export interface Child {
  /** Resolves with the next message of the script; rejects if the script ends without one. */
  nextMessage(): Promise<unknown>;
  /** All messages so far, in order. */
  readonly messages: readonly unknown[];
  send(message: string): void;
  /** Stops it at any point until `resume`. */
  stop(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Resolves with the exit status. */
  ended(): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Kills the processes that a failed test left. */
export function stopChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

export function startChild(script: string, ...args: string[]): Child {
  const child: ChildProcess = fork(join(__dirname, `${script}.ts`), args, {
    execArgv: ['-r', join(__dirname, 'typescript.js')],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.add(child);
  // Its last message may arrive after its exit.
  const exit = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(
    ([[status]]) => status as number | null,
  );
  void exit.finally(() => running.delete(child));
  const early = exit.then(() => Promise.reject(new Error(`${script} ended before it sent a message`)));
  early.catch(() => undefined);
  const messages: unknown[] = [];
  child.on('message', (message) => messages.push(message));
  return {
    messages,
    nextMessage: async () => (await Promise.race([once(child, 'message'), early]))[0],
    send: (message) => void child.send(message),
    stop: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: async () => {
      child.kill('SIGKILL');
      await exit;
    },
    ended: () => exit,
  };
}
