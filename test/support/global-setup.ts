import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The workflow bundle of the tests. Bundling costs seconds, so it happens once a run. */
export const WORKFLOW_BUNDLE = path.join(__dirname, '../../node_modules/.cache/chartway/workflow-bundle.js');

export default async function bundleOnce(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(__dirname, '../../src/workflows/index.ts'),
    workflowInterceptorModules: ['undecodable.ts', 'call-results.ts'].map((file) =>
      path.join(__dirname, '../../src/workflows', file),
    ),
    logger: new DefaultLogger('ERROR'),
    // As the build does: without the sources the bundle is half as large, and every worker reads it.
    webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
  });
  await mkdir(path.dirname(WORKFLOW_BUNDLE), { recursive: true });
  // Another run can be reading the file.
  const part = `${WORKFLOW_BUNDLE}.${process.pid}`;
  await writeFile(part, code);
  await rename(part, WORKFLOW_BUNDLE);
}
