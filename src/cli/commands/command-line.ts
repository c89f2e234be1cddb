import { type Command, CommanderError } from 'commander';
import { DiscreetCommand } from '../discreet-command';
import { auditCommand } from './audit';
import { cancelCommand } from './cancel';
import type { CommandAction, ConfigScope, RegisterCommand } from './context';
import { documentCommand } from './document';
import { eraseCommand } from './erase';
import { holdCommand } from './hold';
import { invitationCommand } from './invitation';
import { quarantineCommand } from './quarantine';
import { storeCommand } from './store';
import { sweepCommand } from './sweep';
import { withdrawCommand } from './withdraw';

/**
 * Every command of `npm run chartway -- <command>`. To add one: a file here that exports an {@link RegisterCommand}, and a line below. `--json` is
 * every command's; what the command needs of the world is in {@link Operator}, made in src/chartway.ts.
 */
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

/** What was asked for. */
export interface CommandLine {
  readonly act: CommandAction;
  readonly scope: ConfigScope;
  readonly json: boolean;
}

/** Reads the command line. Wrong usage is said on stderr and ends the process with status 2, `--help` with 0. */
export function readCommandLine(argv: readonly string[], commands = COMMANDS): CommandLine {
  let chosen: Omit<CommandLine, 'json'> | undefined;
  const program = new DiscreetCommand('chartway')
    .description("The operator's commands: look after what needs a person.")
    .usage('<command> [options]');
  for (const add of commands) {
    add(program, (act, needs = 'chartway') => {
      chosen = { act, scope: needs };
    });
  }
  forEachCommand(program, (command) =>
    command
      .option('--json', 'print JSON lines on stdout, and nothing else there')
      .exitOverride()
      .showHelpAfterError('(--help tells more)'),
  );
  program.addHelpText(
    'after',
    '\nExit status: 0 all well; 1 something could not be done; 2 wrong usage or configuration.\nIf stdout is closed early (| head), the command goes on, with the same exit status.',
  );
  try {
    program.parse(argv, { from: 'user' });
    if (chosen === undefined) return program.error('error: expected a command');
    return { ...chosen, json: hasJsonFlag(program) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return process.exit(error.exitCode === 0 ? 0 : 2);
  }
}

function forEachCommand(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const below of command.commands) forEachCommand(below, change);
}

/** Before the command or behind it: both are where a person would put it. */
function hasJsonFlag(command: Command): boolean {
  return command.opts<{ json?: true }>().json === true || command.commands.some(hasJsonFlag);
}
