import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ROOT } from './project.mjs';

/**
 * Bundles the workflow code of a compiled `index.js`; resolves to the bundle's text, its source map inside. Done once a
 * build, because a worker that bundles for itself starts seconds later.
 */
export async function bundleWorkflows(workflowsPath) {
  const { bundleWorkflowCode, DefaultLogger } = createRequire(join(ROOT, 'package.json'))('@temporalio/worker');
  const logger = new DefaultLogger('WARN', ({ level, message }) => process.stderr.write(`[${level}] ${message}\n`));
  // Of workflow code, failures are made inside the sandbox: encoded there, unless the worker says that nothing is encrypted.
  const failureConverterPath = join(dirname(workflowsPath), '..', 'temporal', 'failure-converter.js');
  // What the codec could not decode is taken for nothing else.
  const workflowInterceptorModules = [join(dirname(workflowsPath), 'undecodable.js')];
  const options = { workflowsPath, workflowInterceptorModules, failureConverterPath, logger };
  const { code } = await bundleWorkflowCode(options);
  const marker = code.lastIndexOf('//# sourceMappingURL=data:');
  const mapStart = code.indexOf('base64,', marker) + 'base64,'.length;
  if (marker < 0) throw new Error('the workflow bundle was expected to end in an inline source map, and has none');
  const map = lighten(JSON.parse(Buffer.from(code.slice(mapStart), 'base64').toString('utf8')));
  return code.slice(0, mapStart) + Buffer.from(JSON.stringify(map)).toString('base64');
}

// Stack traces need the positions, not the text of the packages, which is two fifths of the bundle. And they go into
// workflow histories: the folder of this clone has no business there.
function lighten(map) {
  const ours = (source) => source.startsWith(join(ROOT, 'src'));
  return {
    ...map,
    sources: map.sources.map((source) => source.replace(`${ROOT}/`, '')),
    sourcesContent: map.sources.map((source, index) => (ours(source) ? map.sourcesContent[index] : null)),
  };
}
