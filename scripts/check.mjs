// npm run check: format, lint, types, import rules, unused code, duplication. Runs all checks and prints each error.
import { join } from 'node:path';
import { capture } from './set-up/child.mjs';
import { ensureInstalled } from './set-up/ensure.mjs';
import { ROOT, runCommand } from './set-up/project.mjs';

// The sandbox repeats the contract on purpose, because it must not share code with src: it is compared with itself only.
// Tests repeat their set-up, so only long copies count there.
const CHECKS = {
  'format and lint (biome)': ['biome', 'ci', '--colors=off', '--error-on-warnings'],
  'types (tsc)': ['tsc', '-p', 'tsconfig.json', '--noEmit'],
  "types of the sandbox's pages (tsc)": ['tsc', '-p', 'sandbox/invitation/tsconfig.pages.json', '--noEmit'],
  'import rules (dependency-cruiser)': ['depcruise', 'src', 'sandbox'],
  'unused code (knip)': ['knip'],
  'duplication (jscpd)': ['jscpd', 'src', 'scripts'],
  'duplication in the sandbox (jscpd)': ['jscpd', 'sandbox'],
  'duplication in the tests (jscpd)': ['jscpd', '--min-tokens', '120', 'test'],
};

// The slowest check takes some ten seconds.
const LIMIT_MS = 300_000;

await runCommand(async () => {
  await ensureInstalled();
  const results = await Promise.all(Object.entries(CHECKS).map(([name, tool]) => check(name, tool)));
  return results.every((passed) => passed) ? 0 : 1;
});

async function check(name, [bin, ...args]) {
  const startMs = Date.now();
  const tool = join(ROOT, 'node_modules', '.bin', bin);
  const { status, output } = await capture(tool, args, { cwd: ROOT, timeoutMs: LIMIT_MS });
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  const passed = status === 0;
  process.stdout.write(`${passed ? 'ok' : 'FAILED'}: ${name}, ${seconds} s\n${passed ? '' : `${output.trim()}\n`}`);
  return passed;
}
