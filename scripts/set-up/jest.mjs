import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child.mjs';
import { ROOT } from './project.mjs';

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

/** Runs jest once with the user's `args`; resolves to its exit status and counts: {status, passed, failed}. */
export async function runJest({ args, settings = [], env }) {
  const folder = mkdtempSync(join(tmpdir(), 'chartway-test-'));
  try {
    const output = join(folder, 'results.json');
    const options = ['--json', '--outputFile', output, ...settings, ...args];
    const status = await run(process.execPath, [JEST, ...options], { cwd: ROOT, env });
    return { status, ...countResults(readResults(output), args) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs the file of a URL, which is not a test but needs jest, because it imports the TypeScript of the tests; resolves to
 * the exit status.
 */
export function runJestFile(url, { args = [], env }) {
  const path = fileURLToPath(url);
  const file = ['--testMatch', `**/${basename(path)}`, '--runTestsByPath', path];
  return run(process.execPath, [JEST, ...file, ...args], { cwd: ROOT, env });
}

/** Prints the last line of a test command, "N passed, N failed" over several runs; returns the exit status. */
export function printTotal(runs) {
  const passed = runs.reduce((sum, run) => sum + run.passed, 0);
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return runs.find(({ status }) => status !== 0)?.status ?? (failed > 0 ? 1 : 0);
}

// A skipped test, a todo and a file that does not run count as failed. Tests that -t leaves out do not count.
function countResults(results, args) {
  if (results === null) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results;
  const isFiltered = args.some((arg) => /^(-t|--testNamePattern)/.test(arg));
  const skipped = isFiltered ? 0 : numPendingTests;
  return { passed: numPassedTests, failed: numFailedTests + numTodoTests + numRuntimeErrorTestSuites + skipped };
}

/** Null: jest ended before it wrote its results. */
function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
