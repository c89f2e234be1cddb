import path from 'node:path';
import { SECOND_MS } from '../domain/policy';
import type { ProgramCall } from './child';
import type { Service } from './supervisor';

/** The compiled programs, relative to this file in `dist`. */
const SCRIPTS = {
  worker: '../worker.js',
  webhook: '../webhook.js',
  api: '../api.js',
  starter: '../starter.js',
  sandbox: '../../sandbox/main.js',
  /** Prints the path of a program of Temporal. Downloads the program if it is missing. */
  findTemporal: '../../../scripts/temporal.mjs',
};

/** Longer than the drain of each process. The worker needs up to 20 s to finish downloads. */
const GRACE_MS = { worker: 30 * SECOND_MS, webhook: 15 * SECOND_MS, api: 20 * SECOND_MS, sandbox: 10 * SECOND_MS };
/** A busy machine loads the SDK in some seconds. */
const READY_WITHIN_MS = 60 * SECOND_MS;

/** A program in its own Node process, with stack traces that name the sources. */
export function programCommand(
  program: keyof typeof SCRIPTS,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin?: string,
): ProgramCall {
  const script = path.join(__dirname, SCRIPTS[program]);
  const command = { program: process.execPath, args: ['--enable-source-maps', script, ...args], env };
  return stdin === undefined ? command : { ...command, stdin };
}

/** A process of Chartway or the sandbox. It prints a ready line and may be restarted. */
export function chartwayService(name: keyof typeof GRACE_MS, args: readonly string[], env: NodeJS.ProcessEnv): Service {
  return {
    name,
    ...programCommand(name, args, env),
    checkReady: null,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS[name],
    quiet: false,
    onExit: 'restart',
  };
}
