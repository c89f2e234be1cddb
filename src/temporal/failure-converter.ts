import { DefaultFailureConverter } from '@temporalio/common';

/** Set in the workflow sandbox by a worker that encrypts nothing: Temporal's UI then shows what failed as it is. */
export const PLAIN_FAILURES = 'chartwayPlainFailures';

/** Messages and stacks of failures travel as a payload, which the codec encrypts like every other. The SDK asks for this name. */
export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: !(PLAIN_FAILURES in globalThis),
});
