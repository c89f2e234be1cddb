import { readCommandLine } from '../../../src/cli/commands/command-line';

/** What a command line that is none prints on stderr; expects the process to be ended with 2. */
export function saidOfWrongUsage(argv: readonly string[]): string {
  const said: string[] = [];
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const exit = jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  try {
    expect(() => readCommandLine(argv)).toThrow('exit 2');
  } finally {
    stderr.mockRestore();
    exit.mockRestore();
  }
  return said.join('');
}
