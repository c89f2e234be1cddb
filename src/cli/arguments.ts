import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { parseWanted, type Wanted } from '../domain/reports';
import type { RawDetails } from './details';
import { DiscreetCommand } from './discreet-command';

/** What the starter was asked to do. */
export interface StarterArguments {
  /** One applicant, or the path of a file of them; `-` is standard input. */
  readonly source: { readonly single: RawDetails } | { readonly file: string };
  /** Reports for these applicants; null: those of the configuration. */
  readonly wanted: Wanted | null;
  readonly wait: boolean;
  readonly json: boolean;
  readonly again: boolean;
  readonly dryRun: boolean;
  /** False: the carrier sends the invitation itself. Of a file it holds for rows that do not say. */
  readonly autoInvite: boolean;
  /** The carrier's own reference of the authorizations of these applicants, for the audit log; null: none was given. */
  readonly authorizationReference: string | null;
}

/** It stands in the audit log, so it is a reference and no sentence about a person, nor an e-mail address. */
const AUTHORIZATION_REFERENCE = /^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,99}$/;

interface Flags {
  readonly clientUserId?: string;
  readonly email?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly dateOfBirth?: string;
  readonly suggestedSource?: readonly string[];
  readonly reports?: Wanted;
  readonly file?: string;
  readonly authorizationReference?: string;
  readonly dryRun?: true;
  readonly autoInvite: boolean;
  readonly wait?: true;
  readonly json?: true;
  readonly again?: true;
}

/** Reads the command line. Wrong usage is said on stderr and ends the process with status 2, `--help` with 0. */
export function readArguments(argv: readonly string[]): StarterArguments {
  const command = starterCommand();
  try {
    const flags = command.parse(argv, { from: 'user' }).opts<Flags>();
    return {
      source: sourceOf(flags, command),
      wanted: flags.reports ?? null,
      wait: flags.wait ?? false,
      json: flags.json ?? false,
      again: flags.again ?? false,
      dryRun: flags.dryRun ?? false,
      autoInvite: flags.autoInvite,
      authorizationReference: flags.authorizationReference ?? null,
    };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return process.exit(error.exitCode === 0 ? 0 : 2);
  }
}

function starterCommand(): Command {
  return new DiscreetCommand('starter')
    .description('Starts collecting the medical records of one applicant, or of every applicant in a CSV file.')
    .usage('--client-user-id POL-1 --email max@example.org [options]\n       starter --file applicants.csv|- [options]')
    .option('--client-user-id <id>', 'your own opaque id of the applicant: it stands in logs and folder names')
    .option('--email <address>', 'where the invitation goes')
    .option('--first-name <name>')
    .option('--last-name <name>')
    .option('--date-of-birth <YYYY-MM-DD>')
    .option('--suggested-source <name>', 'a provider to suggest; may be repeated', (name, before: string[] = []) => [
      ...before,
      name,
    ])
    .option(
      '--file <path>',
      'a CSV file with the header clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources, and optionally autoInvite (true or false); sources split by ";"; "-" is standard input',
    )
    .option('--dry-run', 'check everything, start nothing; with --json only what is wrong stands on stdout')
    .option(
      '--no-auto-invite',
      'Human API sends no invitation: you send its link yourself (chartway invitation); in a file this holds for rows without a value for autoInvite',
    )
    .option(
      '--reports <list>',
      'which reports, such as "unity:json,pdf;ccdraw:pdf", instead of the REPORTS of the configuration',
      wanted,
    )
    .option(
      '--authorization-reference <ref>',
      'your own reference of the authorization that the applicant, or each of the file, has given; stands in the audit log',
      authorizationReference,
    )
    .option('--wait', 'wait until the applicants have closed')
    .option('--json', 'print one JSON line an applicant on stdout')
    .option('--again', 'a new round for applicants that have closed, also with corrected details')
    .addHelpText(
      'after',
      '\nExit status: 0 started or there already; 1 conflict, bad rows, or (with --wait) failed; 2 wrong usage or configuration.\nIf stdout is closed early (| head), everyone is started all the same, with the same exit status.',
    )
    .exitOverride()
    .showHelpAfterError('(--help tells more)');
}

function wanted(text: string): Wanted {
  const judged = parseWanted(text);
  if (judged.ok) return judged.wanted;
  // A type's name is what came, and what came is not repeated.
  throw new InvalidArgumentError(`Expected ${judged.expected.replace(/the type \S+/, 'that type')}.`);
}

function authorizationReference(text: string): string {
  if (AUTHORIZATION_REFERENCE.test(text)) return text;
  throw new InvalidArgumentError('Expected 1 to 100 letters, digits and ._~:/-, a letter or digit first.');
}

function sourceOf(flags: Flags, command: Command): StarterArguments['source'] {
  const { clientUserId, email, firstName, lastName, dateOfBirth, suggestedSource = [] } = flags;
  const details = [clientUserId, email, firstName, lastName, dateOfBirth, ...suggestedSource];
  if (flags.file !== undefined) {
    if (details.some((detail) => detail !== undefined)) {
      command.error('error: expected either --file or the details of one applicant, not both');
    }
    return { file: flags.file };
  }
  if (clientUserId === undefined || email === undefined) {
    return command.error('error: expected --client-user-id and --email, or --file');
  }
  const single = { clientUserId, clientUserEmail: email, firstName, lastName, dateOfBirth };
  return { single: { ...single, suggestedSources: suggestedSource } };
}
