import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const locked: Record<string, Locked> = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
const shipped = Object.entries(locked).filter(([path, { dev, optional }]) => path !== '' && !dev && !optional);

/** Permissive licences: no operator has to publish source code. */
const LICENCES =
  /^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0|Unlicense|\(MIT OR [\w.-]+\)|MIT OR [\w.-]+|Python-2\.0|CC0-1\.0|CC-BY-4\.0)$/;
/** The first downloads what an optional package already contains, the second only prints warnings about versions. */
const SCRIPTS_NOT_NEEDED = ['node_modules/@swc/core', 'node_modules/protobufjs'];

test('Chartway has at most thirty direct dependencies at run time', () => {
  expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(30);
});

test('each direct dependency has an exact version', () => {
  for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

test('the lockfile contains no address of a registry', () => {
  expect(Object.entries(locked).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

test('no package that ships needs an install script', () => {
  const paths = shipped.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
  expect(paths).toEqual(SCRIPTS_NOT_NEEDED);
});

test('npm runs no install scripts', () => {
  expect(readFileSync(join(ROOT, '.npmrc'), 'utf8').split('\n')).toContain('ignore-scripts=true');
});

test('npm run licences prints a permissive licence for each package that ships', () => {
  const output = execFileSync(process.execPath, ['scripts/licences.mjs'], { cwd: ROOT, encoding: 'utf8' });
  const lines = output.trim().split('\n');
  expect(lines.length).toBeGreaterThan(40);
  expect(lines.filter((line) => !LICENCES.test(line.slice(line.indexOf(' ') + 1)))).toEqual([]);
});

test('npm run sbom lists each package that ships, as CycloneDX', () => {
  const bom = JSON.parse(execFileSync(process.execPath, ['scripts/sbom.mjs'], { cwd: ROOT, encoding: 'utf8' }));
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.any(String) });
  const listed = bom.components.map(({ name }: { name: string }) => name);
  const names = shipped.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  expect([...new Set(listed)].sort()).toEqual([...new Set(names)].sort());
});
