// npm run licences: prints each package that Chartway ships with, and the licence of its package.json; one a line, sorted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listShippedPackages } from './set-up/packages.mjs';
import { ROOT, runCommand, SetupError } from './set-up/project.mjs';

// Packages without a licence in package.json.
const LICENCE_FILES = { unionfs: 'Unlicense' };

await runCommand(async () => {
  const lines = listShippedPackages().map(([path]) => {
    const { name, version, license, licenses } = read(join(path, 'package.json'));
    const licence = license ?? licenses?.map(({ type }) => type).join(' OR ') ?? LICENCE_FILES[name];
    return `${name}@${version} ${licence ?? 'UNSTATED'}`;
  });
  process.stdout.write(`${[...new Set(lines)].sort().join('\n')}\n`);
});

function read(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT')
      throw new SetupError(`${file} does not exist: run npm run build first, which installs the packages.`);
    throw error;
  }
}
