import { InvalidArgumentError, Option } from 'commander';
import { DELIVERY_STATES, type DeliveryState } from '../../domain/event-log';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import { MAX_PAGE } from '../../use-cases/use-cases';
import type { DeliveryItem } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { displayCount, displayInstant, printRows } from '../rows';
import { actorOf, type CommandContext, printResult, type RegisterCommand } from './context';
import { readEndpointName } from './endpoints';

interface DeliveryFlags {
  readonly endpoint?: string;
  readonly state?: DeliveryState;
  readonly applicant?: string;
  readonly cursor?: string;
}

/** `chartway deliveries`: the deliveries of outbound events, and the resending of one event. */
export const deliveriesCommand: RegisterCommand = (program, select) => {
  const command = program
    .command('deliveries')
    .description('List deliveries of outbound events, the newest activity first.')
    .option('--endpoint <name>', 'to this endpoint only', readEndpointName)
    .addOption(new Option('--state <state>', 'in this state only').choices(DELIVERY_STATES))
    .option('--applicant <clientUserId>', 'of this applicant only', readClientUserId)
    .option('--cursor <cursor>', 'continue a list, with the same filters')
    .action((flags: DeliveryFlags) => select((context) => list(context, flags)));
  command
    .command('resend')
    .description('Send an event again, with its id and its bytes.')
    .argument('<eventId>', 'the id of the event')
    .option('--endpoint <name>', 'to this endpoint only', readEndpointName)
    .action((eventId: string, { endpoint = null }: { readonly endpoint?: string | null }) =>
      select((context) => resend(context, eventId, endpoint)),
    );
};

async function list(context: CommandContext, flags: DeliveryFlags): Promise<ExitStatus> {
  const { endpoint, state, applicant, cursor = null } = flags;
  const useCases = await context.useCases();
  const page = await useCases.deliveries({ endpoint, state, clientUserId: applicant, limit: MAX_PAGE, cursor });
  if (context.json) for (const item of page.items) context.print(JSON.stringify(item));
  else printRows(context, HEADER, page.items.map(toRow));
  context.terminal.write(displayCount(page.items.length, 'delivery', 'deliveries'));
  if (page.nextCursor !== null) context.terminal.write(`there are more: add --cursor ${page.nextCursor}`);
  return 0;
}

async function resend(context: CommandContext, eventId: string, endpoint: string | null): Promise<ExitStatus> {
  const event = await (await context.useCases()).resend(eventId, endpoint, actorOf(context));
  printResult(context, event, `${eventId}: sent again; \`npm run chartway -- deliveries\` shows the result`);
  return 0;
}

const HEADER = ['subject', 'sequence', 'type', 'state', 'endpoint', 'tries', 'last', 'next', 'eventId'];

function toRow(item: DeliveryItem) {
  const last = item.attempts.at(-1);
  return [
    item.clientUserId ?? item.batchId,
    item.sequence,
    item.type,
    item.state,
    item.endpoint,
    item.attempts.length,
    last === undefined ? null : (last.failure ?? String(last.status)),
    displayInstant(item.nextAttemptAt),
    item.eventId,
  ];
}

function readClientUserId(text: string): string {
  if (isClientUserId(text)) return text;
  throw new InvalidArgumentError(`Expected ${CLIENT_USER_ID_EXPECTED}.`);
}
