import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise } from './cruise';

/** The folders of src/ and two of their files that the table names on their own. */
export const PLACES = {
  domain: 'domain/thing',
  disk: 'disk/thing',
  observability: 'observability/thing',
  process: 'process/thing',
  quarantine: 'quarantine/thing',
  upstream: 'upstream/thing',
  'human-api': 'human-api/thing',
  'human-api/notifications': 'human-api/notifications',
  'report-store': 'report-store/thing',
  spool: 'spool/thing',
  activities: 'activities/thing',
  workflows: 'workflows/thing',
  'workflows/contract': 'workflows/contract',
  temporal: 'temporal/thing',
  webhook: 'webhook/thing',
  'use-cases': 'use-cases/thing',
  api: 'api/thing',
  cli: 'cli/thing',
  dev: 'dev/thing',
  configuration: 'configuration/thing',
  events: 'events/thing',
  config: 'config',
  'the worker root': 'worker',
} as const;

/** One of those places, as the fixture names it. */
export type Place = keyof typeof PLACES;

/** Files by path, each with its text. */
export type Files = Record<string, string>;

/** Every file that others may want to import: the places of src/, files outside of it and some packages. */
export function importable(): Files {
  const thing = 'export const thing = 1;\nexport type Thing = number;\n';
  const named = Object.values(PLACES).map((place) => [`src/${place}.ts`, thing]);
  const foreignFiles = ['sandbox/thing.ts', 'console/thing.ts', 'test/thing.ts', 'scripts/thing.ts'].map((file) => [
    file,
    thing,
  ]);
  return { ...Object.fromEntries([...named, ...foreignFiles]), ...packages() };
}

function packages(): Files {
  const shipped = ['@temporalio/workflow', '@temporalio/common', '@temporalio/client', 'zod', 'pino'];
  const manifest = {
    dependencies: Object.fromEntries(shipped.map((name) => [name, '1.0.0'])),
    devDependencies: { jest: '1.0.0' },
  };
  const files: Files = { 'package.json': JSON.stringify(manifest) };
  for (const name of [...shipped, 'jest']) {
    files[`node_modules/${name}/package.json`] = JSON.stringify({ name, version: '1.0.0', main: 'index.js' });
    files[`node_modules/${name}/index.js`] = 'exports.thing = 1;\n';
  }
  return files;
}

/** Checks such a project against the rules; for each file with a fault the names of the rules it breaks. */
export function checkImports(files: Files): Map<string, Set<string>> {
  const folder = mkdtempSync(join(tmpdir(), 'chartway-imports-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return cruise(folder, ['src', 'sandbox', 'console']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
