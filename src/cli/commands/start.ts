import { type Command, InvalidArgumentError } from 'commander';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import type { Wanted } from '../../domain/reports';
import { checkDetails, type RawDetails } from '../../use-cases/applicant-details';
import { NotNow, Unavailable } from '../../use-cases/errors';
import type { StartCommand } from '../../use-cases/use-cases';
import type { StartedApplicant } from '../../use-cases/views';
import { parseReference, parseReports, suggestedSourceOption } from '../arguments';
import type { ExitStatus } from '../exit-status';
import { optionOf } from '../option-names';
import { describeEarlierClosing, describeRunning, describeState } from '../state-text';
import { actorOf, type CommandContext, printResult, type RegisterCommand } from './context';
import { watchApplicant } from './watch';

interface StartFlags {
  readonly clientUserId?: string;
  readonly email: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly dateOfBirth?: string;
  readonly suggestedSource?: readonly string[];
  readonly autoInvite: boolean;
  readonly reports?: Wanted;
  readonly authorizationReference?: string;
  readonly again?: true;
  readonly ifMatch?: string;
  readonly yes?: true;
  readonly wait?: true;
}

/** A strong entity tag (RFC 9110) with or without its quotes, on one line. */
const ETAG = /^"?([\x21\x23-\x7e]{1,200})"?$/;

/** `chartway start <clientUserId> --email <address>`: starts one applicant, as POST /applicants of the api does. */
export const startCommand: RegisterCommand = (program, select) => {
  const command = program
    .command('start')
    .description('Start one applicant. Repeating it with the same details changes nothing.');
  command
    .argument('[clientUserId]', 'your own opaque id of the applicant')
    .option('--client-user-id <id>', 'the same id as an option, as the starter takes it')
    .requiredOption('--email <address>', 'the address for the invitation')
    .option('--first-name <name>')
    .option('--last-name <name>')
    .option('--date-of-birth <YYYY-MM-DD>')
    .addOption(suggestedSourceOption())
    .option('--no-auto-invite', 'Human API sends no invitation; you send its link (chartway invitation)')
    .option(
      '--reports <list>',
      'reports to collect, such as "unity:json,pdf;ccdraw:pdf", instead of REPORTS',
      parseReports,
    )
    .option(
      '--authorization-reference <ref>',
      'your own reference to the authorization; the audit log records it',
      parseReference,
    )
    .option('--again', 'begin a new round of an applicant that has closed, also with corrected details')
    .option(
      '--if-match <etag>',
      'with --again: the etag of the closed applicant that you saw; `show --json` prints it',
      parseEtag,
    )
    .option('--yes', 'with --again: do not ask for confirmation')
    .option('--wait', 'follow the applicant until it closes, as `watch` does')
    .addHelpText(
      'after',
      '\nEvery user of this machine can see the arguments of a running command. `npm run starter -- --file -` reads applicants from standard input instead.\n--again with --if-match never begins two rounds, however often it is repeated. Without --if-match, the command reads the state itself and asks; without a terminal it needs --if-match or --yes.',
    )
    .action((id: string | undefined, flags: StartFlags) => {
      const details = readDetails(id, flags, command);
      if (!flags.again && (flags.ifMatch !== undefined || flags.yes)) command.error('error: expected --again');
      select((context) => start(context, details, flags));
    });
};

/** The etag of an option, without the quotes of the header. @throws {InvalidArgumentError} */
function parseEtag(text: string): string {
  const etag = ETAG.exec(text)?.[1];
  if (etag !== undefined) return etag;
  throw new InvalidArgumentError('Expected the etag that `show --json` prints.');
}

function readDetails(id: string | undefined, flags: StartFlags, command: Command): RawDetails {
  const { clientUserId = id, email, firstName, lastName, dateOfBirth, suggestedSource = [] } = flags;
  if (clientUserId === undefined || (id !== undefined && id !== clientUserId))
    return command.error('error: expected one clientUserId');
  if (!isClientUserId(clientUserId)) return command.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
  const suggestedSources = suggestedSource;
  return { clientUserId, clientUserEmail: email, firstName, lastName, dateOfBirth, suggestedSources };
}

async function start(context: CommandContext, raw: RawDetails, flags: StartFlags): Promise<ExitStatus> {
  const { terminal } = context;
  const checked = checkDetails(raw, flags.autoInvite);
  if (!checked.ok) {
    for (const { field, expected } of checked.errors) terminal.write(`${optionOf(field)}: expected ${expected}`);
    return 2;
  }
  const { clientUserId } = checked.details;
  const ifMatch = flags.again ? await confirmAgain(context, clientUserId, flags) : null;
  if (flags.again && ifMatch === null) return 2;
  const command: StartCommand = {
    details: checked.details,
    autoInvite: checked.autoInvite,
    reports: flags.reports,
    authorizationReference: flags.authorizationReference,
    again: flags.again ?? false,
    ifMatch,
  };
  const useCases = await context.useCases();
  const started = await useCases.start(command, actorOf(context));
  const { applicant, etag, result } = started;
  printResult(context, { ...applicant, result, etag }, describeStart(started));
  return flags.wait ? watchApplicant(context, clientUserId) : 0;
}

/** The etag of the closed applicant whose next round begins; null without a confirmation. @throws {NotNow}; {Unavailable} */
async function confirmAgain(
  context: CommandContext,
  clientUserId: string,
  { ifMatch, yes }: StartFlags,
): Promise<string | null> {
  if (ifMatch !== undefined) return ifMatch;
  const { terminal, ask } = context;
  if (!yes && ask === null) {
    terminal.write('expected --if-match or --yes with --again, because there is no terminal to ask');
    return null;
  }
  const { applicant, etag } = await (await context.useCases()).show(clientUserId);
  // Its manifest does not show whether it is still open.
  if (applicant.degraded.includes('temporal-unavailable')) throw new Unavailable('temporal', 'nothing');
  if (applicant.open) throw new NotNow('open', applicant);
  terminal.write(`${clientUserId}: round ${applicant.round ?? 'unknown'}, ${describeState(applicant)}`);
  if (yes || ask === null) return etag;
  const answer = await ask(`Begin a new round of ${clientUserId}? Type the id to continue: `);
  if (answer.trim() === clientUserId) return etag;
  terminal.write('nothing was started');
  return null;
}

function describeStart({ applicant, result }: StartedApplicant): string {
  const { clientUserId } = applicant;
  switch (result) {
    case 'started':
      return `${clientUserId}: started; \`npm run chartway -- watch ${clientUserId}\` follows it`;
    case 'running':
      return `${clientUserId}: ${describeRunning(applicant.stage)}`;
    case 'closed':
      return `${clientUserId}: ${describeEarlierClosing(applicant)}`;
  }
}
