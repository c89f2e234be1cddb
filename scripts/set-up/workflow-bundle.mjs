import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { ROOT } from './project.mjs';

/**
 * Bundles the workflow code of a compiled `index.js`; resolves to the bundle's text, its source map inside. Done once a
 * build, because a worker that bundles for itself starts seconds later.
 */
export async function bundleWorkflows(workflowsPath) {
  // In a path, webpack takes these for the beginning of a query, a fragment or a loader.
  if (!/[?#!]/.test(ROOT)) return bundle(ROOT, workflowsPath);
  const folder = mkdtempSync(join(tmpdir(), 'chartway-bundle-'));
  try {
    const link = join(folder, 'chartway');
    symlinkSync(ROOT, link);
    return await bundle(link, join(link, relative(ROOT, workflowsPath)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// `root`: this project's folder, or a symbolic link to it.
async function bundle(root, workflowsPath) {
  const { bundleWorkflowCode, DefaultLogger } = createRequire(join(ROOT, 'package.json'))('@temporalio/worker');
  const logger = new DefaultLogger('WARN', ({ level, message }) => process.stderr.write(`[${level}] ${message}\n`));
  // Of workflow code, failures are made inside the sandbox: encoded there, unless the worker says that nothing is encrypted.
  const failureConverterPath = join(dirname(workflowsPath), '..', 'temporal', 'failure-converter.js');
  // What the codec could not decode is taken for nothing else.
  const workflowInterceptorModules = [join(dirname(workflowsPath), 'undecodable.js')];
  const webpackConfigHook = (config) => (root === ROOT ? config : { ...under(root, config), context: root });
  const options = { workflowsPath, workflowInterceptorModules, failureConverterPath, logger, webpackConfigHook };
  const { code } = await bundleWorkflowCode(options);
  const marker = code.lastIndexOf('//# sourceMappingURL=data:');
  const mapStart = code.indexOf('base64,', marker) + 'base64,'.length;
  if (marker < 0) throw new Error('the workflow bundle was expected to end in an inline source map, and has none');
  const map = lighten(root, JSON.parse(Buffer.from(code.slice(mapStart), 'base64').toString('utf8')));
  return code.slice(0, mapStart) + Buffer.from(JSON.stringify(map)).toString('base64');
}

// The SDK's own folders and loaders, which it finds where it lies itself.
function under(root, { resolve, module, ...config }) {
  const move = (text) => (typeof text === 'string' ? text.replace(ROOT, () => root) : text);
  return {
    ...config,
    resolve: { ...resolve, modules: resolve.modules.map(move), symlinks: false },
    resolveLoader: { symlinks: false },
    module: { ...module, rules: module.rules.map(({ use, ...rule }) => ({ ...rule, use: moveLoader(use, move) })) },
  };
}

function moveLoader(use, move) {
  return Array.isArray(use) ? use.map(move) : { ...use, loader: move(use.loader) };
}

// Stack traces need the positions, not the text of the packages, which is two fifths of the bundle. And they go into
// workflow histories: the folder of this clone has no business there.
function lighten(root, map) {
  const ours = (source) => source.startsWith(join(root, 'src'));
  return {
    ...map,
    sources: map.sources.map((source) => source.replace(`${root}/`, '')),
    sourcesContent: map.sources.map((source, index) => (ours(source) ? map.sourcesContent[index] : null)),
  };
}
