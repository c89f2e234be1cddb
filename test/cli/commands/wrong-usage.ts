import { readCommandLine } from '../../../src/cli/commands/command-line';

/** The error of an invalid command line; expects exit status 2. */
export function wrongUsageError(argv: readonly string[]): string {
  const messages: string[] = [];
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => messages.push(String(text)) > 0);
  const exit = jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  try {
    expect(() => readCommandLine(argv)).toThrow('exit 2');
  } finally {
    stderr.mockRestore();
    exit.mockRestore();
  }
  return messages.join('');
}
