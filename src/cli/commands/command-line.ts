import type { Command } from 'commander';
import { CLOSED_PIPE_HELP, DiscreetCommand, parseOrExit } from '../discreet-command';
import { type ExitStatus, runForExitStatus } from '../exit-status';
import { attentionCommand } from './attention';
import { auditCommand } from './audit';
import { batchCommand } from './batch';
import { cancelCommand } from './cancel';
import type { CommandAction, CommandContext, ConfigScope, RegisterCommand } from './context';
import { deliveriesCommand } from './deliveries';
import { doctorCommand } from './doctor';
import { documentCommand } from './document';
import { documentsCommand } from './documents';
import { endpointsCommand } from './endpoints';
import { eraseCommand } from './erase';
import { holdCommand } from './hold';
import { invitationCommand } from './invitation';
import { listCommand } from './list';
import { quarantineCommand } from './quarantine';
import { showCommand } from './show';
import { startCommand } from './start';
import { checkCommand, extendCommand, finishCommand, retryCommand } from './steer';
import { storeCommand } from './store';
import { summaryCommand } from './summary';
import { sweepCommand } from './sweep';
import { timelineCommand } from './timeline';
import { watchCommand } from './watch';
import { withdrawCommand } from './withdraw';

/** The commands of `npm run chartway -- <command>`. To add one, write a file that exports a {@link RegisterCommand} and list it here. */
const COMMANDS: readonly RegisterCommand[] = [
  startCommand,
  listCommand,
  showCommand,
  watchCommand,
  timelineCommand,
  invitationCommand,
  documentsCommand,
  cancelCommand,
  checkCommand,
  finishCommand,
  extendCommand,
  retryCommand,
  batchCommand,
  summaryCommand,
  attentionCommand,
  deliveriesCommand,
  endpointsCommand,
  doctorCommand,
  sweepCommand,
  quarantineCommand,
  withdrawCommand,
  eraseCommand,
  holdCommand,
  documentCommand,
  auditCommand,
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
  const program = new DiscreetCommand('chartway')
    .description('Start, follow and steer applicants, and operate Chartway.')
    .usage('<command> [options]');
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
    `\nExit status: 0 done; 1 refused or failed; 2 wrong usage or configuration; 3 could not find out, because Temporal, a worker, the report store or the audit log did not answer; 130 interrupted.\n${CLOSED_PIPE_HELP}`,
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
