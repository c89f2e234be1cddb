import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseWanted, type Wanted } from '../domain/reports';
import { CARRIER_CODE, CARRIER_CODE_EXPECTED } from '../observability/audit-chain';
import type { RawDetails } from '../use-cases/applicant-details';
import { CLOSED_PIPE_HELP, DiscreetCommand, parseOrExit } from './discreet-command';

export interface StarterArguments {
  /** One applicant, or the path of a file of applicants; `-` is standard input. */
  readonly source: { readonly single: RawDetails } | { readonly file: string };
  /** Null: the reports of the configuration. */
  readonly wanted: Wanted | null;
  readonly wait: boolean;
  readonly json: boolean;
  readonly again: boolean;
  readonly dryRun: boolean;
  /** False: the carrier sends the invitation. In a file, the default for rows without a value. */
  readonly autoInvite: boolean;
  /** The carrier's reference to the authorizations of these applicants. The audit log records it. */
  readonly authorizationReference: string | null;
}

interface Flags extends Partial<Omit<StarterArguments, 'source' | 'wanted'>>, DetailFlags {
  readonly reports?: Wanted;
}

interface DetailFlags {
  readonly clientUserId?: string;
  readonly email?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly dateOfBirth?: string;
  readonly suggestedSource?: readonly string[];
  readonly file?: string;
}

/** Reads the command line, or ends the process as {@link parseOrExit}. */
export function readStarterArguments(argv: readonly string[]): StarterArguments {
  return parseOrExit(() => {
    const command = starterCommand();
    const {
      reports: wanted = null,
      autoInvite = true,
      authorizationReference = null,
      ...flags
    } = command.parse(argv, { from: 'user' }).opts<Flags>();
    const { wait = false, json = false, again = false, dryRun = false, ...details } = flags;
    const source = toSource(details, command);
    return { source, wanted, wait, json, again, dryRun, autoInvite, authorizationReference };
  });
}

function starterCommand(): Command {
  return new DiscreetCommand('starter')
    .description('Starts collecting the medical records of one applicant, or of every applicant in a CSV file.')
    .usage('--client-user-id POL-1 --email max@example.org [options]\n       starter --file applicants.csv|- [options]')
    .option('--client-user-id <id>', 'your own opaque id of the applicant, used in logs and folder names')
    .option('--email <address>', 'the address for the invitation')
    .option('--first-name <name>')
    .option('--last-name <name>')
    .option('--date-of-birth <YYYY-MM-DD>')
    .addOption(suggestedSourceOption())
    .option(
      '--file <path>',
      'a CSV file with the header clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources and optionally autoInvite (true or false); separate sources with ";"; "-" is standard input',
    )
    .option('--dry-run', 'check everything, start nothing; with --json, print only the invalid rows on stdout')
    .option(
      '--no-auto-invite',
      'Human API sends no invitation; you send its link (chartway invitation). In a file: for rows without a value for autoInvite',
    )
    .option(
      '--reports <list>',
      'reports to collect, such as "unity:json,pdf;ccdraw:pdf", instead of REPORTS of the configuration',
      parseReports,
    )
    .option(
      '--authorization-reference <ref>',
      'your own reference to the authorization of the applicant, or of each applicant in the file; the audit log records it',
      parseReference,
    )
    .option('--wait', 'wait until the applicants have closed')
    .option('--json', 'print one JSON line per applicant on stdout; with --wait, a second one when it has closed')
    .option('--again', 'start a new round for applicants that have closed, also with corrected details')
    .addHelpText(
      'after',
      `\nExit status: 0 every applicant was started now or before; 1 a conflict, invalid rows, no answer of Temporal, or (with --wait) an applicant that failed or has no outcome; 2 wrong usage or configuration; 3 the audit log cannot be written.\n${CLOSED_PIPE_HELP}`,
    )
    .exitOverride()
    .showHelpAfterError('(see --help)');
}

/** A list of names. */
export function suggestedSourceOption(): Option {
  return new Option('--suggested-source <name>', 'a provider to suggest; can be repeated').argParser(
    (name, before: readonly string[] = []) => [...before, name],
  );
}

/** The reports of an option. The error does not quote it. @throws {InvalidArgumentError} */
export function parseReports(text: string): Wanted {
  const parsed = parseWanted(text);
  if (parsed.ok) return parsed.wanted;
  // The message must not quote the input.
  throw new InvalidArgumentError(`Expected ${parsed.expected.replace(/the type \S+/, 'that type')}.`);
}

/** The reference of an option. @throws {InvalidArgumentError} */
export function parseReference(text: string): string {
  if (CARRIER_CODE.test(text)) return text;
  throw new InvalidArgumentError(`Expected ${CARRIER_CODE_EXPECTED}.`);
}

function toSource(flags: DetailFlags, command: Command): StarterArguments['source'] {
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
