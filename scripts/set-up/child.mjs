import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Runs a program to its end; resolves to its exit status (128 + n after signal n). What it prints goes to stderr.
 * SIGINT and SIGTERM are passed on to it and end this process. `started` gets its pid; other options are those of spawn.
 */
export function run(program, args, { started = () => {}, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 2, 2], ...options });
    const stop = (signal) => {
      child.kill(signal);
      process.exit(128 + constants.signals[signal]);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
    const forget = () => process.off('SIGINT', stop).off('SIGTERM', stop);
    child.once('spawn', () => started(child.pid));
    child.once('error', (error) => {
      forget();
      reject(error);
    });
    child.once('close', (status, signal) => {
      forget();
      resolve(status ?? 128 + constants.signals[signal]);
    });
  });
}

/** Like run, but keeps what the program printed: resolves to {status, output}. Ends it after `timeoutMs`. */
export async function capture(program, args, { timeoutMs, ...options } = {}) {
  let child;
  const printed = [];
  const ended = new Promise((resolve, reject) => {
    child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options, timeout: timeoutMs });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  const status = await ended;
  return { status, output: Buffer.concat(printed).toString('utf8') };
}
