import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { ROOT } from './project.mjs';

/**
 * Bundles the workflow code of a compiled `index.js`; resolves to the text of the bundle with an inline source map. The
 * build does this once, because a worker that bundles the code itself starts seconds later.
 */
export async function bundleWorkflows(workflowsPath) {
  // In a path, webpack reads these characters as the start of a query, a fragment or a loader.
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

/** `root`: the project's folder, or a symbolic link to it. */
async function bundle(root, workflowsPath) {
  const { bundleWorkflowCode, DefaultLogger } = createRequire(join(ROOT, 'package.json'))('@temporalio/worker');
  const logger = new DefaultLogger('WARN', ({ level, message }) => process.stderr.write(`[${level}] ${message}\n`));
  // A failure of workflow code is encoded inside the sandbox of the workflow, so the bundle contains the converter.
  const failureConverterPath = join(dirname(workflowsPath), '..', 'temporal', 'failure-converter.js');
  // The first rejects a payload that the codec could not decode; the second reports the end of each activity.
  const workflowInterceptorModules = ['undecodable.js', 'call-results.js'].map((file) =>
    join(dirname(workflowsPath), file),
  );
  const webpackConfigHook = (config) => (root === ROOT ? config : { ...withRoot(root, config), context: root });
  const options = { workflowsPath, workflowInterceptorModules, failureConverterPath, logger, webpackConfigHook };
  const { code } = await bundleWorkflowCode(options);
  const marker = code.lastIndexOf('//# sourceMappingURL=data:');
  const mapStart = code.indexOf('base64,', marker) + 'base64,'.length;
  if (marker < 0) throw new Error('expected a workflow bundle that ends in an inline source map');
  const map = reduceSourceMap(root, JSON.parse(Buffer.from(code.slice(mapStart), 'base64').toString('utf8')));
  return code.slice(0, mapStart) + Buffer.from(JSON.stringify(map)).toString('base64');
}

// The folders and loaders of the SDK, which it names by its real path.
function withRoot(root, { resolve, module, ...config }) {
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

// Stack traces need the positions, not the text of the packages (two fifths of the bundle). Stack traces are stored in
// workflow histories, so the path of this clone is removed.
function reduceSourceMap(root, map) {
  const isOwnSource = (source) => source.startsWith(join(root, 'src'));
  return {
    ...map,
    sources: map.sources.map((source) => source.replace(`${root}/`, '')),
    sourcesContent: map.sources.map((source, index) => (isOwnSource(source) ? map.sourcesContent[index] : null)),
  };
}
