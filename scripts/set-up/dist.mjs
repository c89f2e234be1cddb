import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './child.mjs';
import { phase, ROOT, SetUpFault } from './project.mjs';
import { bundleWorkflows } from './workflow-bundle.mjs';

const DIST = join(ROOT, 'dist');
// Beside dist and as deep in the tree: the source maps' relative paths stay true when it is renamed.
const NEXT = join(ROOT, 'dist.next');
const OLD = join(ROOT, 'dist.old');
const STAMP = '.built-from';
// What tsc does not touch: the pages that the sandbox serves.
const ASSET = /\.(html|css|mjs|svg)$/;
const SOURCE = /\.(ts|html|css|mjs|svg)$/;
const SOURCES = ['src', 'sandbox'];
// The lockfile too: another compiler or another package's types may compile otherwise.
const SETTINGS = [
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'scripts/set-up/dist.mjs',
  'scripts/set-up/workflow-bundle.mjs',
];

/** Whether dist/ was built from exactly the sources that lie here (by content: a checkout changes every time stamp). */
export function distIsCurrent() {
  const stamp = join(DIST, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash();
}

/**
 * Compiles the sources and bundles the workflow code beside dist/, then puts it in dist's place: never half a dist.
 * `share` gets the compiler's pid: one that outlives a killed build must not write into the next one's.
 */
export async function buildDist(share) {
  const hash = sourcesHash();
  rmSync(NEXT, { recursive: true, force: true });
  mkdirSync(NEXT);
  writeFileSync(join(NEXT, '.gitignore'), '*\n'); // a killed build leaves nothing that git would see
  await phase('compiling (tsc)', () => compile(share));
  for (const path of SOURCES.flatMap((folder) => filesIn(folder, ASSET))) {
    mkdirSync(dirname(join(NEXT, path)), { recursive: true });
    copyFileSync(join(ROOT, path), join(NEXT, path));
  }
  const workflows = join(NEXT, 'src', 'workflows', 'index.js');
  if (existsSync(workflows)) {
    const bundle = await phase('bundling the workflow code', () => bundleWorkflows(workflows));
    writeFileSync(join(NEXT, 'workflow-bundle.js'), bundle);
  }
  writeFileSync(join(NEXT, STAMP), hash);
  putInPlace();
}

// Two renames: a process that starts meanwhile finds the old one or the new one.
function putInPlace() {
  rmSync(OLD, { recursive: true, force: true });
  if (existsSync(DIST)) renameSync(DIST, OLD);
  renameSync(NEXT, DIST);
  rmSync(OLD, { recursive: true, force: true });
}

async function compile(share) {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const outputs = ['--outDir', NEXT, '--incremental', 'false', '--tsBuildInfoFile', 'null'];
  const status = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', ...outputs], {
    cwd: ROOT,
    started: share,
  });
  if (status !== 0) throw new SetUpFault('the sources do not compile; what the compiler said is above.');
}

function sourcesHash() {
  const hash = createHash('sha256');
  for (const path of [...SETTINGS, ...SOURCES.flatMap((folder) => filesIn(folder, SOURCE))]) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(folder, pattern) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .sort();
}
