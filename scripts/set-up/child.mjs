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

/** Runs a program and keeps what it prints: resolves to {status, output}. Kills it after `timeoutMs`: status 1. */
export function capture(program, args, { timeoutMs, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
    // Not spawn's own timeout: that one runs on, and keeps this process alive, where the program does not exist.
    const limit = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once('close', (status) => {
      clearTimeout(limit);
      resolve({ status: status ?? 1, output: Buffer.concat(printed).toString('utf8') });
    });
  });
}
