/**
 * Counts jest's results (its --json, null where there are none): {passed, failed}. Strict: a test that was skipped or left
 * as todo has not passed, nor has a file that could not be run. Tests left out by -t were not asked for.
 */
export function tally(results, args) {
  if (results === null) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results;
  const chosen = args.some((arg) => /^(-t|--testNamePattern)/.test(arg));
  const skipped = chosen ? 0 : numPendingTests;
  return { passed: numPassedTests, failed: numFailedTests + numTodoTests + numRuntimeErrorTestSuites + skipped };
}
