import { Command, CommanderError, type ErrorOptions, type Help } from 'commander';

/**
 * A command whose errors do not quote the user's input, which may be personal data: an e-mail address in place of an option, a name without quotes.
 * They name what was expected, and similar options or commands.
 */
export class DiscreetCommand extends Command {
  override createCommand(name?: string): DiscreetCommand {
    return new DiscreetCommand(name);
  }

  override createHelp(): Help {
    const help = super.createHelp();
    const describe = help.optionDescription.bind(help);
    help.optionDescription = (option) => `${describe(option)}${option.mandatory ? ' (required)' : ''}`;
    return help;
  }

  override error(message: string, options?: ErrorOptions): never {
    return super.error(removeInput(message, options?.code), options);
  }
}

/** What every help text ends with. */
export const CLOSED_PIPE_HELP =
  'If the reader of stdout ends early (| head), the command continues and its exit status stays the same.';

/** Runs a parser of the command line. Wrong usage prints an error and ends the process with status 2; `--help` ends it with 0. */
export function parseOrExit<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return process.exit(error.exitCode === 0 ? 0 : 2);
  }
}

/** Commander 14 quotes the input in these three messages only. */
function removeInput(message: string, code: string | undefined): string {
  switch (code) {
    case 'commander.unknownOption':
      return `error: unknown option${findSuggestion(message)}`;
    case 'commander.unknownCommand':
      return `error: unknown command${findSuggestion(message)}`;
    case 'commander.invalidArgument': {
      const option = /^error: option '(--[a-z-]+) <\w+>' argument '/.exec(message)?.[1];
      // The reason of our own parser comes last, after a value that may contain any text.
      const [, reason] = /.*' is invalid\. (.*)$/s.exec(message) ?? [];
      return `error: ${option ?? 'an argument'} is invalid. ${reason ?? ''}`.trimEnd();
    }
    default:
      return message;
  }
}

/** `(Did you mean --email?)`, on a separate line. */
function findSuggestion(message: string): string {
  return /\n\(Did you mean (one of )?[a-z, -]+\?\)$/.exec(message)?.[0] ?? '';
}
