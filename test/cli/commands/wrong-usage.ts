import { readCommandLine } from '../../../src/cli/commands/command-line';
import { captureExit } from '../../support/captured-exit';

/** The error of an invalid command line; expects exit status 2. */
export function wrongUsageError(argv: readonly string[]): string {
  const { status, output } = captureExit(() => readCommandLine(argv));
  expect(status).toBe(2);
  return output;
}
