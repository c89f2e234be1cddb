import { WORKFLOW_BUNDLE } from './global-setup';

/**
 * The workflow code for a worker of a test, in the same isolated context as ever but in the thread of the test: a thread of its own costs each worker
 * 0.3 s of a core. The threads of a real worker are shown by the tests over `createWorkers` and those of whole processes.
 */
export const WORKFLOWS_IN_PROCESS = { workflowBundle: { codePath: WORKFLOW_BUNDLE }, debugMode: true };
