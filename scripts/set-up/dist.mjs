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
import { phase, ROOT, SetupError } from './project.mjs';
import { bundleWorkflows } from './workflow-bundle.mjs';

const DIST = join(ROOT, 'dist');
const OLD = join(ROOT, 'dist.old');
// As deep in the tree as dist, so that relative paths in source maps stay valid. With the process id, because the compiler
// of a killed build may still write.
const NEXT_PREFIX = 'dist.next';
const NEXT = join(ROOT, `${NEXT_PREFIX}-${process.pid}`);
const STAMP = '.built-from';
// The sandbox's pages, which tsc does not copy.
const ASSET = /\.(html|css|mjs|svg)$/;
const SOURCE = /\.(ts|html|css|mjs|svg)$/;
const SOURCES = ['src', 'sandbox'];
// The lockfile too, because it decides the version of the compiler and of the types.
const SETTINGS = [
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'scripts/set-up/dist.mjs',
  'scripts/set-up/workflow-bundle.mjs',
];

/** Whether dist/ was built from the present content of the sources (a checkout changes each time stamp). */
export function distIsCurrent() {
  const stamp = join(DIST, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash();
}

/** Compiles the sources and bundles the workflow code into a new folder, then replaces dist/ with it. */
export async function buildDist() {
  const hash = sourcesHash();
  for (const name of readdirSync(ROOT).filter((entry) => entry.startsWith(NEXT_PREFIX))) remove(join(ROOT, name));
  mkdirSync(NEXT);
  writeFileSync(join(NEXT, '.gitignore'), '*\n'); // git ignores what a killed build leaves
  await phase('compiling (tsc)', compile);
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
  replaceDist();
}

// Two renames: a process that starts at this moment finds the old dist or the new one.
function replaceDist() {
  remove(OLD);
  if (existsSync(DIST)) renameSync(DIST, OLD);
  renameSync(NEXT, DIST);
  remove(OLD);
}

// Again if the folder is not empty, because the compiler of a killed build may still write into it.
function remove(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function compile() {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const outputs = ['--outDir', NEXT, '--incremental', 'false', '--tsBuildInfoFile', 'null'];
  const status = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', ...outputs], { cwd: ROOT });
  if (status !== 0) throw new SetupError('the sources do not compile; the errors are above.');
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
