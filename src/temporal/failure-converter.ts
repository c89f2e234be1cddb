import { DefaultFailureConverter } from '@temporalio/common';

/** The global variable that a worker without encryption sets in the workflow sandbox: Temporal's UI then shows failures in plain text. */
export const PLAIN_FAILURES = 'chartwayPlainFailures';

/** Encodes messages and stacks of failures as a payload, which the codec encrypts. The SDK requires this name. */
export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: !(PLAIN_FAILURES in globalThis),
});
