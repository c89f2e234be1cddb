import { SECOND_MS } from '../domain/policy';
import type { Command } from './child';
import type { Member } from './supervisor';

/** Where the built programs lie. */
export interface Programs {
  readonly worker: string;
  readonly webhook: string;
  readonly api: string;
  readonly starter: string;
  readonly sandbox: string;
  /** Prints the path of Temporal's CLI, which it fetches where there is none. */
  readonly findTemporalCli: string;
}

/** Each process ends its own drain before this (the worker's longest takes 20 s, to let downloads end); what does not is stuck. */
const GRACE_MS = { worker: 30 * SECOND_MS, webhook: 15 * SECOND_MS, api: 20 * SECOND_MS, sandbox: 10 * SECOND_MS };
/** Loading the SDK takes a busy machine some seconds. */
const READY_WITHIN_MS = 60 * SECOND_MS;

/** One of our processes, which says itself when it serves. */
export function ourProcess(
  name: 'worker' | 'webhook' | 'api' | 'sandbox',
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Member {
  return {
    name,
    ...nodeCommand(script, args, env),
    serves: null,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS[name],
    quiet: false,
    ifLost: 'restart',
  };
}

/** A script in a Node of its own, with stack traces that name the sources. */
export function nodeCommand(script: string, args: readonly string[], env: NodeJS.ProcessEnv, stdin?: string): Command {
  const command = { program: process.execPath, args: ['--enable-source-maps', script, ...args], env };
  return stdin === undefined ? command : { ...command, stdin };
}
