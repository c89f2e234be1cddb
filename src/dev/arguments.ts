import { Command, InvalidArgumentError } from 'commander';
import type { PersonaSelection } from './samples';

/** The command line of `npm start`. */
export interface StartArguments {
  readonly once: boolean;
  readonly verbose: boolean;
  readonly fresh: boolean;
  /** Confirms `fresh`. */
  readonly yes: boolean;
  readonly personas: PersonaSelection;
}

/** npm keeps the options before `--` and passes them as variables `npm_config_<name>`. */
const KEPT_BY_NPM = ['once', 'fresh', 'personas'];

/** Reads the command line. Prints wrong usage on stderr and exits with status 2; `--help` exits with 0. */
export function readStartArguments(argv: readonly string[], env: NodeJS.ProcessEnv): StartArguments {
  const command = createCommand().parse(argv, { from: 'user' });
  const flags = command.opts<Partial<StartArguments> & { readonly all?: true }>();
  const kept = KEPT_BY_NPM.find((name) => env[`npm_config_${name}`] !== undefined);
  if (kept !== undefined) {
    command.error(`error: npm kept --${kept} for itself. Put options after --: npm start -- --${kept}`);
  }
  const { once = false, verbose = false, fresh = false, yes = false, all, personas } = flags;
  if (yes && !fresh) command.error('error: expected --fresh with --yes');
  if (all && personas) command.error('error: expected either --all or --personas, not both');
  return { once, verbose, fresh, yes, personas: all ? 'all' : (personas ?? 'usual') };
}

function createCommand(): Command {
  return new Command('npm start --')
    .description(
      'Runs Chartway on this machine: Temporal, worker, webhook, api and, without credentials of Human API, a sandbox with ' +
        'fictitious applicants. The next start continues where this one ends. Ctrl-C drains and stops all processes.',
    )
    .option('--once', 'end when the samples have closed; exit status 0 if all ended as expected')
    .option('--verbose', 'also print the log lines of all processes (.data/logs always contains them)')
    .option(
      '--personas <names>',
      'play only these personas, comma-separated; `npm run sandbox -- --personas` lists them',
      parseNames,
    )
    .option('--all', 'play all personas, also those whose script takes some minutes')
    .option(
      '--fresh',
      'first delete the data of the sandbox and its applicants, after a question; reports, secrets and data of the real Human API stay',
    )
    .option('--yes', 'with --fresh: do not ask')
    .helpOption('--help', 'print this help')
    .addHelpText(
      'after',
      '\nNO_COLOR and FORCE_COLOR control colours. Without a terminal, each change is one plain line.' +
        '\nExit status: 0 success; 1 a failure, or a sample ended unexpectedly; 2 wrong usage or configuration; 3 a result could not be read.',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .showHelpAfterError('(see npm start -- --help)')
    .allowExcessArguments(false);
}

function parseNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => /^[a-z][a-z-]*$/.test(name))) return [...new Set(names)];
  throw new InvalidArgumentError('Expected names of personas, comma-separated, such as eager,declines.');
}
