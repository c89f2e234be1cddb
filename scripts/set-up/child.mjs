import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Runs a program; resolves to its exit status (128 + n after signal n). Its output goes to stderr. SIGINT and SIGTERM are
 * forwarded to it and end this process when it has ended. `onStart` receives its process id; other options are those of spawn.
 */
export function run(program, args, { onStart = () => {}, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 2, 2], ...options });
    let stoppedBy = null;
    const stop = (signal) => {
      stoppedBy = signal;
      child.kill(signal);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
    const removeListeners = () => process.off('SIGINT', stop).off('SIGTERM', stop);
    child.once('spawn', () => onStart(child.pid));
    child.once('error', (error) => {
      removeListeners();
      reject(error);
    });
    child.once('close', (status, signal) => {
      removeListeners();
      if (stoppedBy !== null) process.exit(128 + constants.signals[stoppedBy]);
      resolve(status ?? 128 + constants.signals[signal]);
    });
  });
}

/** The last line of an output that is not empty; undefined if it has none. */
export function lastLine(output) {
  return output.trim().split('\n').filter(Boolean).at(-1);
}

/** Runs a program and returns its output: {status, output}. Kills it after `timeoutMs`: status 1. */
export function capture(program, args, { timeoutMs, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => chunks.push(bytes));
    // Not the `timeout` of spawn: if the program does not exist, its timer keeps this process alive.
    const limit = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once('close', (status) => {
      clearTimeout(limit);
      resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}
