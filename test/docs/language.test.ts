import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './markdown';

/** Expressions that CONTRIBUTING.md ("How to write") rules out, in prose and in names; camelCase and kebab-case count as words. */
const BANNED = [
  /\b(whoever|whosoever|whom|whence|hence|thereof|thereby|therein|thereupon|wherein|whereupon|whereabouts|lest|thus|unto|albeit|shall)\b/i,
  /\b(nobody|anybody|everybody|somebody|ought|heed|foreseen|beside|besides)\b/i,
  /\b(told|hear|hears|heard|mend|mends|mended|reckon|reckons|reckoned|sighting|sightings|household|errand|errands)\b/i,
  /\b(in vain|for ever|for good|to be had|be it|of ours|of theirs|but for|nothing but|goes? on|went on|so long as)\b/i,
  /\b(seals?|sealed|sealing|attended|unattended|allowance|put off|takes? over|hands? over|handover)\b/i,
];
/** Names on the wire, in stored files and in metrics, which never change. */
const WIRE =
  /(?<=['"`|(])(nobody|seal|sealed)\b(?=['"`|)])|(?<=-)(nobody|seal|sealed)\b(?=-)|\bnobody(?=:| \()|\bunattended\b/g;
const FOLDERS = ['src', 'sandbox', 'scripts', 'deploy', 'docs', 'test'];
const FILES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', '.env.example'];
const SKIPPED = /^test\/(docs\/language\.test\.ts|field-cases|replay\/histories|upgrade\/.*\.json)/;

function textFiles(): string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }),
  )
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs|cjs|js|sh|md|yml)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
  return [...FILES, ...inFolders].filter((file) => !SKIPPED.test(file));
}

function bannedIn(file: string): string[] {
  return `${file}\n${readFileSync(join(ROOT, file), 'utf8')}`.split('\n').flatMap((line, at) => {
    const words = line
      .replace(WIRE, '')
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replace(/[-_]/g, ' ');
    return BANNED.flatMap((banned) => banned.exec(words)?.[0] ?? []).map((found) => `${file}:${at}: ${found}`);
  });
}

test('code and documents are in plain English', () => {
  expect(textFiles().flatMap(bannedIn)).toEqual([]);
});
