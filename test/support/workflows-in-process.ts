import v8 from 'node:v8';
import { WORKFLOW_BUNDLE } from './global-setup';

/**
 * The workflow code for a worker of a test, in the same isolated context as ever but in the thread of the test: a thread of its own costs each worker
 * 0.3 s of a core. The threads of a real worker are shown by the tests over `createWorkers` and those of whole processes.
 */
export const WORKFLOWS_IN_PROCESS = { workflowBundle: { codePath: WORKFLOW_BUNDLE }, debugMode: true };

// With it the SDK notes the stack of every promise, for a query that no test makes; in this thread those of the test too, at four times the time.
v8.promiseHooks.createHook = () => () => {};
