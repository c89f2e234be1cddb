import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The project's folder. */
export const ROOT = join(__dirname, '..', '..');

interface Violation {
  from: string;
  rule: { name: string };
  /** The files of a cycle, which is reported once. */
  cycle?: Array<{ name: string }>;
}

interface Report {
  summary: { totalCruised: number; violations: Violation[] };
}

/** Runs dependency-cruiser with the project's rules in a folder; for each file with a fault the rules it breaks. */
export function cruise(folder: string, places: readonly string[]): Map<string, Set<string>> {
  const tool = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = ['--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', ...places];
  const cruised = spawnSync(process.execPath, [tool, ...args], { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (cruised.stdout === '') throw new Error(`dependency-cruiser printed no report: ${cruised.stderr}`);
  const { summary } = JSON.parse(cruised.stdout) as Report;
  if (summary.totalCruised === 0) throw new Error(`dependency-cruiser found no file in ${places.join(', ')}`);
  const faults = new Map<string, Set<string>>();
  for (const { from, rule, cycle = [] } of summary.violations) {
    for (const file of [from, ...cycle.map(({ name }) => name)]) {
      faults.set(file, (faults.get(file) ?? new Set()).add(rule.name));
    }
  }
  return faults;
}
