import { Command, InvalidArgumentError } from 'commander';
import { findNearestName } from '../process/configuration-fault';

/** Which personas become samples: those whose story is over in about a minute, all of them, or these. */
export type Cast = 'usual' | 'all' | readonly string[];

/** What `npm start` was asked to do. */
export interface StartArguments {
  readonly once: boolean;
  readonly verbose: boolean;
  readonly fresh: boolean;
  /** The question that `--fresh` asks is answered already. */
  readonly yes: boolean;
  readonly cast: Cast;
}

interface Flags {
  readonly once?: true;
  readonly verbose?: true;
  readonly fresh?: true;
  readonly yes?: true;
  readonly personas?: readonly string[];
  readonly all?: true;
}

/** Options of ours that npm does not know: given before `--` it keeps them, and hands them down as variables. */
const LOST_ON_NPM = ['once', 'fresh', 'personas'];

/** Reads the command line. Wrong usage is said on stderr with the nearest option and ends the process with status 2, `--help` with 0. */
export function readArguments(argv: readonly string[], env: NodeJS.ProcessEnv): StartArguments {
  const command = startCommand();
  const known = ['--help', ...command.options.map(({ long }) => long ?? '')];
  const unknown = argv.map((word) => word.split('=')[0] ?? '').find((word) => /^-/.test(word) && !known.includes(word));
  if (unknown !== undefined) {
    command.error(`error: unknown option '${unknown}'; the nearest is ${findNearestName(unknown, known)}`);
  }
  const flags = command.parse(argv, { from: 'user' }).opts<Flags>();
  const lost = LOST_ON_NPM.find((name) => env[`npm_config_${name}`] !== undefined);
  if (lost !== undefined) {
    command.error(`error: npm took --${lost} for itself; options for Chartway come after --: npm start -- --${lost}`);
  }
  if (flags.yes && !flags.fresh) command.error('error: --yes answers what --fresh asks, and --fresh was not given');
  if (flags.all && flags.personas) command.error('error: expected either --all or --personas, not both');
  return {
    once: flags.once ?? false,
    verbose: flags.verbose ?? false,
    fresh: flags.fresh ?? false,
    yes: flags.yes ?? false,
    cast: flags.all ? 'all' : (flags.personas ?? 'usual'),
  };
}

function startCommand(): Command {
  return new Command('npm start --')
    .description(
      'Runs everything on this machine: Temporal, worker, webhook and, without Human API credentials, a sandbox that stands in for Human API,\n' +
        'with made-up applicants. A second start goes on where the first one ended. Ctrl-C drains everything and leaves nothing running.',
    )
    .option('--once', 'end when the samples have ended; exit status 0 if each ended as it must')
    .option('--verbose', 'print the log lines of every process too (they are always in .data/logs)')
    .option(
      '--personas <names>',
      'play these personas only, comma-separated; `npm run sandbox -- --personas` lists them',
      names,
    )
    .option('--all', 'play every persona, also those whose story takes some minutes')
    .option(
      '--fresh',
      "forget the sandbox and its applicants first, after asking; reports, secrets and a real Human API's applicants stay",
    )
    .option('--yes', 'with --fresh: do not ask')
    .helpOption('--help', 'print this')
    .addHelpText(
      'after',
      '\nNO_COLOR and FORCE_COLOR are honoured; where the output is no terminal, each change is one plain line.' +
        '\nExit status: 0 all well; 1 something failed, or a sample ended otherwise than it must; 2 wrong usage or configuration.',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .showHelpAfterError('(npm start -- --help tells more)')
    .allowExcessArguments(false);
}

function names(text: string): readonly string[] {
  const listed = text.split(',').map((name) => name.trim());
  if (listed.every((name) => /^[a-z][a-z-]*$/.test(name))) return [...new Set(listed)];
  throw new InvalidArgumentError('Expected names of personas, comma-separated, such as eager,declines.');
}
