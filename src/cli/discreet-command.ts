import { Command, type ErrorOptions } from 'commander';

/**
 * A command whose refusals repeat nothing that was typed, for it may be a person's: an e-mail address where an option's name should be, a name
 * without its quotes. What was expected is told, and the nearest of our own words.
 */
export class DiscreetCommand extends Command {
  override createCommand(name?: string): DiscreetCommand {
    return new DiscreetCommand(name);
  }

  override error(message: string, options?: ErrorOptions): never {
    return super.error(discreet(message, options?.code), options);
  }
}

/** What commander 14 says in these three cases quotes what came; what it says in all others does not. */
function discreet(message: string, code: string | undefined): string {
  switch (code) {
    case 'commander.unknownOption':
      return `error: unknown option${suggestionIn(message)}`;
    case 'commander.unknownCommand':
      return `error: unknown command${suggestionIn(message)}`;
    case 'commander.invalidArgument': {
      const option = /^error: option '(--[a-z-]+) <\w+>' argument '/.exec(message)?.[1];
      // The reason of our own parser stands last, behind a value that may hold anything.
      const [, reason] = /.*' is invalid\. (.*)$/s.exec(message) ?? [];
      return `error: ${option ?? 'an argument'} is not right. ${reason ?? ''}`.trimEnd();
    }
    default:
      return message;
  }
}

/** `(Did you mean --email?)`, on a line of its own. */
function suggestionIn(message: string): string {
  return /\n\(Did you mean (one of )?[a-z, -]+\?\)$/.exec(message)?.[0] ?? '';
}
