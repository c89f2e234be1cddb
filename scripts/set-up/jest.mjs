import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './child.mjs';
import { ROOT } from './project.mjs';
import { tally } from './tally.mjs';

/** Runs jest once: resolves to its exit status and to what of it counts, {status, passed, failed}. `args` are the user's, `settings` ours. */
export async function runJest({ args, settings = [], env }) {
  const folder = mkdtempSync(join(tmpdir(), 'chartway-test-'));
  try {
    const output = join(folder, 'results.json');
    const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    const all = ['--json', '--outputFile', output, ...settings, ...args];
    const status = await run(process.execPath, [jest, ...all], { cwd: ROOT, env });
    return { status, ...tally(readResults(output), args) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The exit status of several runs together, and the plain line that closes them. */
export function close(runs) {
  const passed = runs.reduce((sum, run) => sum + run.passed, 0);
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return runs.find(({ status }) => status !== 0)?.status ?? (failed > 0 ? 1 : 0);
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // jest ended before it could write them
  }
}
