// npm run check: format, lint, types, import rules, unused code, duplication. All of them run; each fault is printed.
import { join } from 'node:path';
import { capture } from './set-up/child.mjs';
import { ensureInstalled } from './set-up/ensure.mjs';
import { command, ROOT } from './set-up/project.mjs';

// The sandbox is a stranger that writes the contract a second time on purpose: it is compared with itself only. Tests set
// their fixtures up anew, each for itself: there only long copies count.
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

// A check that hangs must not hold CI for ever; the slowest takes some ten seconds.
const LIMIT_MS = 300_000;

await command(async () => {
  await ensureInstalled();
  const results = await Promise.all(Object.entries(CHECKS).map(([name, tool]) => check(name, tool)));
  return results.every((passed) => passed) ? 0 : 1;
});

async function check(name, [bin, ...args]) {
  const startedMs = Date.now();
  const tool = join(ROOT, 'node_modules', '.bin', bin);
  const { status, output } = await capture(tool, args, { cwd: ROOT, timeoutMs: LIMIT_MS });
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  const verdict = status === 0 ? 'ok' : 'FAULTS';
  process.stdout.write(`${verdict}: ${name}, ${seconds} s\n${status === 0 ? '' : `${output.trim()}\n`}`);
  return status === 0;
}
