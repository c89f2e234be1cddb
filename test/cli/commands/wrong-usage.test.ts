import { readCommandLine } from '../../../src/cli/commands/command-line';
import { captureExit } from '../../support/captured-exit';
import { wrongUsageError } from './wrong-usage';

const ID = /expected 1 to 100 letters/;
const REASONS = new RegExp(['refused', 'signature', 'damaged', 'nobody'].join(', '));
const DATE = /Expected a date \(2026-12-01\)/;

test.each([
  ['', /Usage: chartway <command>/],
  ['nothing', /unknown command/],
  ['cancel', /missing required argument 'clientUserId'/],
  ['erase', /missing required argument 'clientUserId'/],
  ['erase ../POL-1 --yes', ID],
  ['erase POL-1 POL-2 --yes', /too many arguments/],
  ['erase POL-1 --force', /unknown option/],
  ['hold --reason-code c', /missing required argument 'clientUserId'/],
  ['hold POL-1', /required option '--reason-code <code>' not specified/],
  ['hold POL-1 --reason-code Robin,sued', ID],
  ['hold Robin@POL-1 --reason-code c', ID],
  ['invitation Robin@POL-1', ID],
  ['release Robin@POL-1', ID],
  ['release POL-1 POL-2', /too many arguments/],
  ['holds POL-1', /too many arguments/],
  ['quarantine', /Usage: chartway quarantine/],
  ['quarantine drop', /expected ids or --all/],
  ['quarantine replay id --all', /expected ids or --all/],
  ['quarantine drop id --why refused', /expected --all with --why/],
  ['quarantine list --why Robin', REASONS],
  ['quarantine drop --all --why Robin', REASONS],
  ['audit verify --unkeyed-before yesterday', DATE],
  ['audit verify --unkeyed-before 2026-02-30', DATE],
  ['audit verify --unkeyed-before 2026-12', DATE],
  ['audit verify --unkeyed-before 2026-12-01T08:00', DATE],
])('chartway %s: status 2, and the error does not quote the input', (line, expected) => {
  const messages = wrongUsageError(line.split(' ').filter((word) => word !== ''));
  expect(messages).toMatch(expected);
  expect(messages).not.toContain('Robin');
});

test('the help marks required options and lists the others without a mark', () => {
  const { status, output } = captureExit(() => readCommandLine(['start', '--help']));
  expect(status).toBe(0);
  expect(output).toMatch(/--email <address> .*\(required\)/);
  expect(output.match(/\(required\)/g)).toHaveLength(1);
});
