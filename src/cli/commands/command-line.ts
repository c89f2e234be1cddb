import type { Command } from 'commander';
import { CLOSED_PIPE_HELP, DiscreetCommand, parseOrExit } from '../discreet-command';
import { type ExitStatus, runForExitStatus } from '../exit-status';
import { auditCommand } from './audit';
import { cancelCommand } from './cancel';
import type { CommandAction, CommandContext, ConfigScope, RegisterCommand } from './context';
import { documentCommand } from './document';
import { eraseCommand } from './erase';
import { holdCommand } from './hold';
import { invitationCommand } from './invitation';
import { quarantineCommand } from './quarantine';
import { storeCommand } from './store';
import { sweepCommand } from './sweep';
import { withdrawCommand } from './withdraw';

/** The commands of `npm run chartway -- <command>`. To add one, write a file that exports a {@link RegisterCommand} and list it here. */
const COMMANDS: readonly RegisterCommand[] = [
  quarantineCommand,
  sweepCommand,
  invitationCommand,
  cancelCommand,
  withdrawCommand,
  eraseCommand,
  holdCommand,
  auditCommand,
  documentCommand,
  storeCommand,
];

export interface CommandLine {
  readonly action: CommandAction;
  readonly scope: ConfigScope;
  readonly json: boolean;
}

/** Reads the command line, or ends the process as {@link parseOrExit}. */
export function readCommandLine(argv: readonly string[], commands = COMMANDS): CommandLine {
  let selected: Omit<CommandLine, 'json'> | undefined;
  const program = new DiscreetCommand('chartway').description('Commands for operators.').usage('<command> [options]');
  for (const register of commands) {
    register(program, (action, scope = 'chartway') => {
      selected = { action, scope };
    });
  }
  forEachCommand(program, (command) =>
    command
      .option('--json', 'print JSON lines on stdout, and nothing else there')
      .exitOverride()
      .showHelpAfterError('(see --help)'),
  );
  program.addHelpText(
    'after',
    `\nExit status: 0 success; 1 something could not be done; 2 wrong usage or configuration.\n${CLOSED_PIPE_HELP}`,
  );
  return parseOrExit(() => {
    program.parse(argv, { from: 'user' });
    if (selected === undefined) return program.error('error: expected a command');
    return { ...selected, json: hasJsonFlag(program) };
  });
}

/** Runs the action of a command line. */
export function runCommand(action: CommandAction, context: CommandContext): Promise<ExitStatus> {
  return runForExitStatus(() => action(context), context);
}

function forEachCommand(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const subcommand of command.commands) forEachCommand(subcommand, change);
}

/** Users put `--json` before or after the subcommand. */
function hasJsonFlag(command: Command): boolean {
  return command.opts<{ json?: true }>().json === true || command.commands.some(hasJsonFlag);
}
