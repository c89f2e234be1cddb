// npm run licences: every package that ships with Chartway, with the licence that its own package.json states; one line each, sorted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, ROOT, SetUpFault } from './set-up/project.mjs';

// Whose package.json says nothing.
const IN_ITS_LICENCE_FILE = { unionfs: 'Unlicense' };

await command(async () => {
  const { packages } = read('package-lock.json');
  const shipped = Object.entries(packages).filter(([path, { dev, optional }]) => path !== '' && !dev && !optional);
  const lines = shipped.map(([path]) => {
    const { name, version, license, licenses } = read(join(path, 'package.json'));
    const stated = license ?? licenses?.map(({ type }) => type).join(' OR ') ?? IN_ITS_LICENCE_FILE[name];
    return `${name}@${version} ${stated ?? 'UNSTATED'}`;
  });
  process.stdout.write(`${[...new Set(lines)].sort().join('\n')}\n`);
});

function read(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') throw new SetUpFault(`${file} is not there: run npm run build first, it installs.`);
    throw error;
  }
}
